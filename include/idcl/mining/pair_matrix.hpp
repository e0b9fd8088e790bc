#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/pairing.hpp"

#include <vector>

namespace idcl::mining {

/// A matrix says who belongs together: `loss(x)` with a matrix [N, N], whose diagonal is ignored, `loss(x, y)` with [N, M].
///
/// Of bools: true for a positive. Of numbers: a positive's weight, above zero; zero for a negative. Numbers have to be finite and not
/// below zero. Memory: the matrix, which is the caller's; where it can be computed, `Rule` needs none.
struct PairMatrix {
  Tensor related;  ///< bool, or weights, [N, M]

  struct Pairs {
    Tensor related;
    bool self, weighted;

    void mark(Tile& tile) const { mark_related(tile, self, related.narrow(0, tile.row, tile.rows()).narrow(1, tile.col, tile.cols())); }
    std::vector<Tensor> read() const { return {related}; }
  };

  Pairs pair(const Scene& scene) const {
    constexpr auto where = "idcl::mining::PairMatrix";
    const auto n = scene.anchors.size(0), m = scene.references.size(0);
    TORCH_CHECK_VALUE(related.defined() && related.sizes() == at::IntArrayRef({n, m}), where, ": expected `related` to be [", n, ", ", m,
                      "], anchors by references, but got ", related.defined() ? c10::str(related.sizes()) : "an undefined tensor");
    TORCH_CHECK_VALUE(related.device() == scene.anchors.device(), where, ": expected `related` on ", scene.anchors.device(),
                      " as the rows are, but got ", related.device());
    const auto weighted = related.scalar_type() != at::kBool;
    if (weighted && related.numel() > 0) {
      const auto low = related.min().item<double>(), high = related.max().item<double>();
      TORCH_CHECK_VALUE(low >= 0 && std::isfinite(high), where, ": expected weights to be finite and >= 0, but got numbers from ", low,
                        " to ", high);
    }
    return {related, scene.self, weighted};
  }
};

static_assert(DirectMiner<PairMatrix>);

}  // namespace idcl::mining
