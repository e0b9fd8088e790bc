#pragma once

#include "idcl/engine/evaluation.hpp"

#include <ATen/ATen.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace idcl::test {

using at::Tensor;

/// What every loss can be asked over: n rows with labels, a second set of rows, and a row for each class.
struct Batch {
  Tensor x, y;    ///< [n, D]
  Tensor labels;  ///< int64 [n], within [0, C)
  Tensor weight;  ///< [C, D]
};

/// How a loss is asked for: by its defaults, but for these.
struct Asked {
  Evaluation evaluation;
  std::optional<double> temperature{};  ///< what similarities are divided by, of losses that magnify them
};

/// A public functional of the library.
struct CataloguedLoss {
  std::string name;  ///< of the header, and what of it is asked for
  std::function<Tensor(const Batch&, const Asked&)> call;
  bool twice;  ///< has it a second derivative when streamed, in its own similarity?
};

/// The whole catalogue, but for losses over dimensions and over sequences, which have no similarity of each with each.
const std::vector<CataloguedLoss>& catalogue();

}  // namespace idcl::test
