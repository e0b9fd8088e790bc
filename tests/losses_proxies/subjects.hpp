#pragma once

#include "idcl/losses/detail/options.hpp"
#include "support/golden.hpp"
#include "support/setting.hpp"

#include <functional>
#include <string>
#include <vector>

namespace idcl::test {

using golden::Json;
using golden::Tensors;

/// How a loss is asked for: options by their golden names.
struct Request {
  Json options = Json::object();
  Setting setting{};
  reduction_t reduction = torch::kMean;
};

/// A loss of proxies, of a classifier, or of two views.
struct Subject {
  enum class Inputs { Classes, Views };
  enum class Weight { Rows, Columns };  ///< golden files hold a class as a row or, centre by centre, as columns

  std::string name;
  /// inputs "embeddings", "labels", "weight" as the library takes it; or "a", "b"
  std::function<Tensor(const Tensors&, const Request&)> loss;
  Inputs inputs = Inputs::Classes;
  Weight golden_weight = Weight::Rows;
  int64_t centers = 0;           ///< of a class; 0: the weight is [C, D]
  bool has_rows = true;          ///< does it know kNone?
  bool streams_twice = true;     ///< has it a second derivative in the streaming evaluator?
  std::vector<Json> extremes{};  ///< options at the ends of what is used, and past
  Json mild = Json::object();    ///< options with moderate curvature, for finite differences
};

const std::vector<Subject>& subjects();

}  // namespace idcl::test
