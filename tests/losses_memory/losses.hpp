#pragma once

#include "idcl/engine/evaluation.hpp"

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

namespace idcl::test {

using at::Tensor;

/// What every loss can be asked over: n rows in classes of eight, a second set of rows, and a row for each class.
struct Batch {
  Tensor x, y;    ///< [n, D]
  Tensor labels;  ///< int64 [n]
  Tensor weight;  ///< [n / 8, D]
};

/// A public functional of the library as it streams.
struct StreamingLoss {
  std::string name;  ///< of the header, and what of it is asked for
  std::function<Tensor(const Batch&, Evaluation)> call;
  bool twice;  ///< has it a second derivative when streamed, in its own similarity?
};

/// The whole catalogue, but for losses over dimensions, which have nothing of size N x N.
const std::vector<StreamingLoss>& streaming_losses();

}  // namespace idcl::test
