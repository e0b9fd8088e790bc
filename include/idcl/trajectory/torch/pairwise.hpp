#pragma once

#include "idcl/trajectory/pairwise.hpp"
#include "idcl/trajectory/torch/prepared.hpp"

namespace idcl::trajectory {

/// measure(a, b) of all pairs of sequences, [N, N], symmetric: each sequence is prepared once and each pair computed once, in parallel.
///
///     pairwise(SegmentHistogram{.segments = 4}, labels, lengths)        // labels [T], one dialog after the other, or [N, L] padded
///     pairwise(Dtw{.radius = 8}, features, lengths)                     // [T, D], or [N, L, D] padded
///
/// lengths: [N], integers. Returns float32 for numbers of float32 or below, else float64, on the device of `values`; no gradient.
/// Throws on shapes, lengths beyond the padding or that do not add up, and on whatever the measure refuses.
template <class M>
Tensor pairwise(const M& measure, const Tensor& values, const Tensor& lengths, const Pairwise& options = {}) {
  const auto sequences = batch("idcl::trajectory::pairwise", values, lengths);
  const auto n = sequences.size();
  const auto distances = at::empty({n, n}, at::TensorOptions().dtype(detail::distance_type(sequences.values)));
  if (n == 0) return distances.to(values.device());
  detail::with_prepared(measure, sequences, [&](const auto& prepared) {
    if (distances.scalar_type() == at::kFloat) {
      detail::fill_pairwise(measure, prepared, distances.data_ptr<float>(), options, detail::in_parallel);
    } else {
      detail::fill_pairwise(measure, prepared, distances.data_ptr<double>(), options, detail::in_parallel);
    }
  });
  return distances.to(values.device());
}

}  // namespace idcl::trajectory
