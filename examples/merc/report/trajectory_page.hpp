#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

namespace merc {

/// What the page of `idcl-merc trajectories` shows.
struct TrajectoryPage {
  std::string title;                            ///< "data.pkl: 151 dialogs"
  std::vector<std::vector<std::string>> table;  ///< the scores of the measures, the head first
  std::vector<std::string> notes;               ///< what the columns mean, a line each
  std::string measure;                          ///< whose distances the pictures show
  Eigen::MatrixXd distances;                    ///< [N, N]
  Eigen::MatrixXd map;                          ///< [N, 2]
  std::vector<std::string> ids;                 ///< [N]
  std::vector<int> groups;                      ///< [N], into `names`
  std::vector<std::string> names;               ///< of the scenarios, in the order in which they are shown
};

/// One self-contained page of HTML: the table, the distances as a heat map sorted by scenario, the map of dialogs. Follows the reader's
/// light or dark scheme, needs no script and no network.
std::string trajectory_html(const TrajectoryPage& page);

}  // namespace merc
