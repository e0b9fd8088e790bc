#pragma once

#include "idcl/engine/dense.hpp"
#include "idcl/engine/evaluation.hpp"
#include "idcl/engine/sweep.hpp"
#include "idcl/mining/nearest.hpp"
#include "idcl/regularizer/rows.hpp"
#include "idcl/similarity/cosine.hpp"

#include <ATen/core/grad_mode.h>

/// What is asked of the weights of classifiers and proxies, as `regularizer/rows.hpp` asks of embeddings.
namespace idcl::regularizer {

/// Classes apart: mean_c max_(k != c) cos(w_c, w_k) of weights [C, D]. Only the nearest other class has a slope, the first of equals.
/// One class gives zero. The nearest are found in tiles: memory O(C D) and a workspace, time C^2 D. Zhao et al. 2019, "RegularFace", eq. 5.
struct RegularFace {
  Tensor operator()(const Tensor& weight) const {
    const auto rows = similarity::Cosine{}.embed(detail::checked_rows("idcl::regularizer::RegularFace", weight));
    if (rows.size(0) < 2) return rows.narrow(0, 0, 0).sum();
    return detail::mean((rows * rows.index_select(0, nearest(rows.detach()))).sum(1));
  }

 private:
  /// The nearest other row of each: int64 [C].
  static Tensor nearest(const Tensor& rows) {
    const at::NoGradGuard no_grad;
    const engine::NoAutocast guard;
    const auto n = rows.size(0);
    const mining::Nearest fold{.k = 1};
    auto found = fold.begin(n, rows.options());
    const engine::Blocks blocks{.u = rows,
                                .v = rows,
                                .symmetric = true,
                                .side = engine::tile_side(n, n, true, rows.element_size(), Evaluation{}.workspace_bytes),
                                .product = rows.scalar_type()};
    engine::sweep(blocks, 0, [](Tile&) {}, engine::Sweeper{fold, found});
    return found.indices.select(1, 0).clamp_min(0);  // a row of NaN has none, and keeps its NaN
  }
};

/// Few centres a class, where a class has more than it needs: half the mean distance of two centres of one class, of unit length, of
/// weights [C, K, D]. Equal centres are at distance 0, with slope 0. One centre a class gives zero. Time and memory: O(C K^2 D).
/// Qian et al. 2019, "SoftTriple", eq. 8.
struct SparseCenters {
  Tensor operator()(const Tensor& weight) const {
    constexpr auto where = "idcl::regularizer::SparseCenters";
    TORCH_CHECK(weight.defined(), where, ": expected `weight` to be a tensor [C, K, D], but got an undefined tensor");
    TORCH_CHECK_VALUE(weight.dim() == 3, where, ": expected `weight` to be 3-D [C, K, D], but got ", weight.sizes());
    const auto classes = weight.size(0), k = weight.size(1);
    const auto unit =
        similarity::Cosine{}.embed(detail::checked_rows(where, weight.reshape({classes * k, weight.size(2)}))).view(weight.sizes());
    const auto pair = at::triu_indices(k, k, /*offset=*/1, weight.options().dtype(at::kLong).requires_grad(false));  // [2, P]
    const auto difference = unit.index_select(1, pair[0]) - unit.index_select(1, pair[1]);                           // [C, P, D]
    const auto squared = difference.square().sum(2);
    const auto zero = squared.detach() <= 0;
    return detail::mean(squared.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)) / 2;
  }
};

}  // namespace idcl::regularizer
