#pragma once

#include <Eigen/Core>

#include <string>
#include <vector>

namespace merc {

/// What dialogs belong to: their scenario, their most frequent label.
struct Groups {
  std::vector<int> of;             ///< [N], into `names`
  std::vector<std::string> names;  ///< sorted
};

/// Groups of those of the same name.
Groups group_by(const std::vector<std::string>& names);

/// The `k` rows of largest cosine to each row of [N, D], nearest first, itself left out; at most N - 1. Equal ones go to the lower index;
/// a row of zeros is at cosine 0 to all.
std::vector<std::vector<int>> cosine_neighbors(const Eigen::MatrixXd& rows, int k);

/// How often neighbours are of the group of the one they are neighbours to, as a mean over all that have neighbours.
struct Agreement {
  double share = 0;    ///< of the neighbours
  double chance = 0;   ///< of neighbours drawn from all others
  double most = 0;     ///< that K neighbours can reach, since a group may be smaller
  double nearest = 0;  ///< share of those whose nearest neighbour is of their group
};
Agreement agreement(const std::vector<std::vector<int>>& neighbors, const std::vector<int>& groups);

}  // namespace merc
