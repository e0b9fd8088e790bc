#pragma once

#include "idcl/mining/distances.hpp"
#include "idcl/mining/top_k.hpp"

#include <algorithm>

namespace idcl::mining {

/// Of the references most similar to an anchor, the k of least distance are its positives, every other one is a negative: similarity
/// proposes, distance chooses. Equal distances go to the more similar.
///
///     mining::Rerank{.k = 15, .among = {.k = 45}, .distances = d}
///
/// A proposed reference whose distance is infinite or NaN is no positive. Cost: that of `TopK`, and N `among.k` distances.
struct Rerank {
  int64_t k = 15;       ///< >= 1, positives an anchor
  TopK among{.k = 45};  ///< who proposes, and how many
  Tensor distances;     ///< floating [N, M], of anchors to references; a set with itself: [N, N]

  Nearest fold(const Scene& scene) const { return among.fold(scene); }

  Marked pair(const Scene& scene, const Nearest::Rows& rows) const {
    constexpr auto where = "idcl::mining::Rerank";
    TORCH_CHECK_VALUE(k >= 1, where, ": expected `k` >= 1, but got ", k);
    const auto known = distances_of(where, distances, scene);  // [N, M]
    const auto n = known.size(0), m = known.size(1);
    auto distance = known.gather(1, rows.indices.clamp_min(0));  // [N, proposals]
    distance = distance.masked_fill(rows.indices.lt(0), std::numeric_limits<double>::infinity());
    const auto order = std::get<1>(distance.sort(/*stable=*/true, 1, /*descending=*/false)).narrow(1, 0, std::min(k, distance.size(1)));
    const auto nobody = distance.gather(1, order).isfinite().logical_not();
    auto positives = at::zeros({n, m + 1}, known.options().dtype(at::kBool));  // the last column takes what is nobody
    positives.scatter_(1, rows.indices.gather(1, order).masked_fill(nobody, m), true);
    return {positives.narrow(1, 0, m), scene.self};
  }
};

static_assert(FoldingMiner<Rerank>);

}  // namespace idcl::mining
