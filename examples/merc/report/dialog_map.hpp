#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

namespace merc {

/// Dialogs as points in the plane, by group.
struct DialogMap {
  std::string name{};                 ///< for readers that see no pictures
  double width = 800, height = 600;   ///< of the picture, in its own units, of which a point is about ten wide
  Eigen::MatrixXd points{};           ///< [N, 2]
  std::vector<std::string> titles{};  ///< [N], shown where a pointer rests
  std::vector<int> groups{};          ///< [N]
  std::vector<bool> hollow{};         ///< [N], or empty: none is
  std::vector<std::string> labels{};  ///< of the groups, each written in the middle of its points; empty: none, as a key tells them
};

/// The map as SVG, drawn to the same scale along both axes. A group has one of four shapes, so that none is told by its colour alone.
std::string dialog_map_svg(const DialogMap& map);

/// The shape of each group beside its name.
std::string group_key_html(const std::vector<std::string>& names);

/// The styles of `groups` groups.
std::string group_css(std::size_t groups);

}  // namespace merc
