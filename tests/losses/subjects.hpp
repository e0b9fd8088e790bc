#pragma once

#include "idcl/losses/detail/options.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <functional>
#include <string>
#include <vector>

namespace idcl::test {

/// What a loss is given: two sets of rows, or two views of one, with labels.
struct Batch {
  Tensor x;         ///< [N, D]; IDCL's target
  Tensor y;         ///< [N, D]; IDCL's anchor: where neighbours are found
  Tensor x_labels;  ///< int64 [N]
  Tensor y_labels;
};

/// How it is asked for.
struct Request {
  Setting setting{};
  reduction_t reduction = torch::kMean;
  double temperature = 0.1;
};

using Directions = std::vector<oracle::Rows>;

/// A loss and one combination of its options, with the loops that say what it must be. A loss of two directions is their mean.
struct Subject {
  std::string name;
  std::function<Tensor(const Batch&, const Request&)> loss;
  std::function<Directions(const Batch&, double temperature)> directions;
  bool y_has_gradient = true;
  bool uses_y = true;
};

/// Every loss, with every option that changes its value.
const std::vector<Subject>& subjects();

/// IDCL's neighbours in these subjects.
inline constexpr int64_t kNeighbors = 3;

/// The value a subject must have, a scalar or [N].
inline Tensor expected(const Subject& subject, const Batch& batch, const Request& request) {
  Tensor total;
  const auto directions = subject.directions(batch, request.temperature);
  for (const auto& rows : directions) {
    const auto value = std::holds_alternative<torch::enumtype::kNone>(request.reduction) ? oracle::losses(rows)
                       : std::holds_alternative<torch::enumtype::kSum>(request.reduction)
                           ? at::scalar_tensor(oracle::sum(rows), at::kDouble)
                           : at::scalar_tensor(oracle::mean(rows), at::kDouble);
    total = total.defined() ? total + value : value;
  }
  return total / static_cast<double>(directions.size());
}

/// An ordinary batch: random rows, three classes.
inline Batch random_batch(int64_t n, int64_t d, uint64_t seed = 0, at::ScalarType type = at::kDouble) {
  Random random(seed);
  const auto x = random.normal({n, d}, type), y = random.normal({n, d}, type);
  return {x, y, random.integers(3, {n}), random.integers(3, {n})};
}

}  // namespace idcl::test
