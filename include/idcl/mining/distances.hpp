#pragma once

#include "idcl/mining/listed.hpp"
#include "idcl/mining/marked.hpp"

#include <algorithm>

namespace idcl::mining {

/// The k references of least distance are an anchor's positives, every other one is a negative: `TopK` by distances that were measured
/// beforehand, whatever they were measured on. Equal distances go to the lower index.
///
///     const auto d = idcl::trajectory::pairwise(measure, values, lengths);                       // [C, C], once
///     const auto batch = d.index_select(0, ids).index_select(1, ids);                            // [N, N], of the dialogs ids [N]
///     idcl::ContrastiveLoss{similarity::Cosine{}, mining::DistanceTopK{.distances = batch, .k = 15}, objective::InfoNCE{}}(x);
///
/// An element is never its own neighbour. A distance that is infinite or NaN is nobody's: an anchor may have fewer than k positives, or
/// none and no term. k beyond the number of others is clamped to it. Memory: the table, and its rows sorted.
struct DistanceTopK {
  Tensor distances;  ///< floating [N, M], of anchors to references; a set with itself: [N, N]
  int64_t k = 15;    ///< >= 1, positives an anchor

  Listed pair(const Scene& scene) const {
    constexpr auto where = "idcl::mining::DistanceTopK";
    TORCH_CHECK_VALUE(k >= 1, where, ": expected `k` >= 1, but got ", k);
    const auto known = distances_of(where, distances, scene);  // [N, M]
    const auto most = std::min(k, known.size(1));
    const auto [sorted, order] = known.sort(/*stable=*/true, 1, /*descending=*/false);
    const auto nobody = sorted.narrow(1, 0, most).isfinite().logical_not_();  // [N, k]
    return {order.narrow(1, 0, most).masked_fill(nobody, -1), scene.self};
  }
};

/// Every reference within a distance is a positive, every other one a negative. As `DistanceTopK` else; an anchor that has nobody so
/// near has no term.
struct DistanceThreshold {
  Tensor distances;     ///< floating [N, M], of anchors to references; a set with itself: [N, N]
  double within = 0.3;  ///< >= 0 and finite, in the distances' unit; a distance equal to it is a positive's

  Marked pair(const Scene& scene) const {
    constexpr auto where = "idcl::mining::DistanceThreshold";
    check::not_negative(where, "within", within);
    return {distances_of(where, distances, scene).le(within), scene.self};
  }
};

static_assert(DirectMiner<DistanceTopK> && DirectMiner<DistanceThreshold>);

}  // namespace idcl::mining
