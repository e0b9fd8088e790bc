#pragma once

#include "idcl/trajectory/torch/prepared.hpp"
#include "idcl/trajectory/within.hpp"

namespace idcl::trajectory {

/// Who is within a distance of whom, in parallel and without the matrix of all pairs: each pair is measured once, or not at all where a
/// measure has lower bounds and they exclude it; the result is brute force's.
///
///     const auto near = within(PerLength{.measure = Dtw{.radius = 8}}, features, lengths, 0.3);
///
/// values, lengths: as `pairwise` reads them; distances are compared in the type in which that returns them. Memory: linear in N and the
/// pairs found. Throws as `pairwise` does, and on a distance below 0 or not finite.
template <class M>
Within within(const M& measure, const Tensor& values, const Tensor& lengths, double distance) {
  const auto sequences = batch("idcl::trajectory::within", values, lengths);
  if (sequences.size() == 0) return {.begin = {0}, .indices = {}};
  Within found;
  detail::with_prepared(measure, sequences, [&](const auto& prepared) {
    found = detail::distance_type(sequences.values) == at::kFloat
                ? detail::within_of<float>(measure, prepared, distance, detail::in_parallel)
                : detail::within_of<double>(measure, prepared, distance, detail::in_parallel);
  });
  return found;
}

}  // namespace idcl::trajectory
