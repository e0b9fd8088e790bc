#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace merc {

/// The scenario of an IEMOCAP id: what follows the session, without the letter of a further take. "Ses01F_script01_1" and
/// "Ses05M_script01_1b" are "script01_1", "Ses03M_impro05a" is "impro05". Empty for other ids.
std::string scenario(std::string_view id);

/// How well a distance finds dialogs of the same group, each dialog asked about in turn. A dialog alone in its group asks nothing.
/// Equal distances go to the lower index.
struct Retrieval {
  double mean_average_precision = 0;
  double recall_at_1 = 0;   ///< share of the dialogs whose nearest is of their group
  double recall_at_15 = 0;  ///< mean share of a group that is among the 15 nearest
  int64_t queries = 0;
};
Retrieval retrieval(const Eigen::MatrixXd& distances, const std::vector<int>& groups);

/// Spearman's correlation, over all pairs, of the distance with the difference of the lengths: near zero for a measure that is blind to
/// length. Equal values share their mean rank; zero where one side is constant.
double length_correlation(const Eigen::MatrixXd& distances, const std::vector<int64_t>& lengths);

}  // namespace merc
