#pragma once

#include "support/ask.hpp"
#include "support/oracle.hpp"

#include <functional>
#include <string>
#include <vector>

namespace idcl::test {

/// A loss over rankings.
struct Subject {
  std::string name;
  AskedLoss loss;
  /// the loss as its formula reads, from cosines, parts and options; a loss without rows has one
  std::function<oracle::Rows(const oracle::Matrix&, const oracle::Roles&, bool self, const Json&)> definition;
  /// the share of a unit of similarity that is magnified to one, by its options
  std::function<double(const Json&)> resolution;
  bool streams_twice = false;  ///< has it a second derivative in the streaming evaluator?
  bool in_rows = true;         ///< is there a loss for each anchor?
  bool pairs_weight = false;   ///< do given pairs only weight the anchors?
  std::vector<Json> variants;  ///< each option away from its default, moderate enough for differences
  std::vector<Json> extremes;  ///< options at the ends of what is used, and past
};

const std::vector<Subject>& subjects();

}  // namespace idcl::test
