#pragma once

#include "idcl/trajectory/nearest.hpp"
#include "idcl/trajectory/torch/prepared.hpp"

namespace idcl::trajectory {

/// The k nearest others of each sequence, nearest first; ties go to the lower index.
struct NearestTensors {
  Tensor distances;   ///< [N, k], as `pairwise` gives them
  Tensor indices;     ///< int64 [N, k]
  double pruned = 0;  ///< the share of pairs that a lower bound made unnecessary
};

/// The k nearest others of each sequence without the matrix of all pairs, in parallel: measures that have lower bounds (`Dtw`,
/// `EditDistance`, `PerLength` of those) skip the pairs that those exclude, where that is more than half; else each pair is measured once.
/// The result is brute force's.
///
///     const auto [distances, indices, pruned] = nearest(Dtw{.radius = 8}, features, lengths, 15);
///
/// values, lengths: as `pairwise` reads them. k beyond N - 1 is N - 1. Memory O(N k). Throws as `pairwise` does, and on k < 0.
template <class M>
NearestTensors nearest(const M& measure, const Tensor& values, const Tensor& lengths, int64_t k) {
  const auto sequences = batch("idcl::trajectory::nearest", values, lengths);
  Nearest found;
  if (sequences.size() > 0)
    detail::with_prepared(measure, sequences, [&](const auto& prepared) {
      found = detail::distance_type(sequences.values) == at::kFloat ? detail::nearest_of<float>(measure, prepared, k, detail::in_parallel)
                                                                    : detail::nearest_of<double>(measure, prepared, k, detail::in_parallel);
    });
  const auto wide = found.indices.cols();
  auto distances = at::empty({sequences.size(), wide}, at::kDouble), indices = at::empty({sequences.size(), wide}, at::kLong);
  if (wide > 0) {
    Eigen::Map<RowMajor<double>>(distances.template data_ptr<double>(), sequences.size(), wide) = found.distances;
    Eigen::Map<RowMajor<int64_t>>(indices.template data_ptr<int64_t>(), sequences.size(), wide) = found.indices;
  }
  return {distances.to(values.device(), detail::distance_type(sequences.values)), indices.to(values.device()), found.pruned};
}

}  // namespace idcl::trajectory
