#pragma once

#include "support/ask.hpp"

#include <string>
#include <vector>

namespace idcl::test {

/// A loss of proxies, of a classifier, or of two views.
struct Subject {
  enum class Inputs { Classes, Views };
  enum class Weight { Rows, Columns };  ///< golden files hold a class as a row or, centre by centre, as columns

  std::string name;
  AskedLoss loss;  ///< of "embeddings", "labels", "weight" as the library takes it; or of "a", "b"
  Inputs inputs = Inputs::Classes;
  Weight golden_weight = Weight::Rows;
  int64_t centers = 0;           ///< of a class; 0: the weight is [C, D]
  bool has_rows = true;          ///< does it know kNone?
  bool streams_twice = true;     ///< has it a second derivative in the streaming evaluator?
  std::vector<Json> extremes{};  ///< options at the ends of what is used, and past
  Json mild = Json::object();    ///< options with moderate curvature, for finite differences
  std::vector<Json> variants{};  ///< the other options away from their defaults, as mild
};

const std::vector<Subject>& subjects();

}  // namespace idcl::test
