#pragma once

#include "report/dialog_map.hpp"

#include <string>
#include <vector>

namespace merc {

/// Who the nearest dialogs are by one kind of embedding, and how often they are of the same group.
struct FoundPositives {
  std::string name{};                         ///< "text"
  std::vector<std::vector<int>> neighbors{};  ///< a list a dialog, nearest first
  double share = 0, chance = 0, most = 0, nearest = 0;
};

/// What the embeddings of a run say of its dialogs.
struct EmbeddingSection {
  std::string group{};               ///< what dialogs are grouped by: "scenario"
  std::vector<std::string> names{};  ///< of the groups
  std::vector<DialogMap> maps{};     ///< each under its name

  // of the training dialogs, among whom positives are looked for
  std::vector<std::string> ids{};
  std::vector<int> groups{};
  std::size_t neighbors = 0;               ///< K
  std::vector<FoundPositives> encoded{};   ///< by what the encoders say, a modality each
  std::vector<FoundPositives> compared{};  ///< by other things, for their shares alone: fused, the features as they came
};

/// The styles of the section, for at most `groups` groups.
std::string embedding_css(std::size_t groups);

/// Maps of the dialogs by group, the share of neighbours of the same group beside that of chance, and the neighbours of `count` dialogs from
/// the one with most of its group among them to the one with fewest.
std::string embedding_html(const EmbeddingSection& section, std::size_t count = 4);

}  // namespace merc
