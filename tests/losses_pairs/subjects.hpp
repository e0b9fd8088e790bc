#pragma once

#include "idcl/losses/detail/options.hpp"
#include "support/golden.hpp"
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

/// A loss of pairs: over labels, or of two towers.
struct Subject {
  std::string name;
  /// inputs by their golden names
  std::function<Tensor(const Tensors&, const Request&)> loss;
  std::vector<std::string> towers{};  ///< the names of two views; none: labels
  bool streams_twice = true;          ///< has it a second derivative in the streaming evaluator, with its own similarity?
  bool has_own_slope = true;          ///< is the gradient the derivative of the value?
  bool in_rows = true;                ///< is kNone one value an anchor?
  Json mild = Json::object();         ///< options with moderate curvature, for finite differences
  std::vector<Json> extremes{};       ///< options at the ends of what is used, and past
};

const std::vector<Subject>& subjects();

}  // namespace idcl::test
