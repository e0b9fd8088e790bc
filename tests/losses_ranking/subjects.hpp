#pragma once

#include "idcl/losses/detail/options.hpp"
#include "support/golden.hpp"
#include "support/oracle.hpp"
#include "support/setting.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace idcl::test {

using golden::Json;
using golden::Tensors;

/// How a loss is asked for: options by their golden names. Without a reduction, the loss's own.
struct Request {
  Json options = Json::object();
  Setting setting{};
  std::optional<reduction_t> reduction{};
};

/// A loss over rankings.
struct Subject {
  std::string name;
  /// inputs by their golden names
  std::function<Tensor(const Tensors&, const Request&)> loss;
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
