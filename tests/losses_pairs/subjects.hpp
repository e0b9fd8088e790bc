#pragma once

#include "support/ask.hpp"

#include <string>
#include <vector>

namespace idcl::test {

/// A loss of pairs: over labels, or of two towers.
struct Subject {
  std::string name;
  AskedLoss loss;
  std::vector<std::string> towers{};  ///< the names of two views; none: labels
  bool streams_twice = true;          ///< has it a second derivative in the streaming evaluator, with its own similarity?
  bool has_own_slope = true;          ///< is the gradient the derivative of the value?
  bool in_rows = true;                ///< is kNone one value an anchor?
  Json mild = Json::object();         ///< options with moderate curvature, for finite differences
  std::vector<Json> variants{};       ///< the other options away from their defaults, as mild
  std::vector<Json> extremes{};       ///< options at the ends of what is used, and past
};

const std::vector<Subject>& subjects();

}  // namespace idcl::test
