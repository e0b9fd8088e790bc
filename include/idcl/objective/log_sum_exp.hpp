#pragma once

#include "idcl/core/tile.hpp"

namespace idcl::objective {

/// [n] -> [n, 1], to stand beside a tile.
inline Tensor column(const Tensor& rows) { return rows.unsqueeze(1); }

/// log sum_j exp(x_ij) over the kept pairs of a row: [n, p] -> [n]; `kNothing`, attached to the graph, where there is none.
inline Tensor log_sum_exp(const Tensor& kept) { return kept.size(1) > 0 ? kept.logsumexp(1) : kept.sum(1) + kNothing; }

/// Has the log-sum-exp folded no pair? bool [n].
inline Tensor is_empty(const Tensor& log_sum) { return log_sum <= kEmpty; }

/// total = log(exp(total) - exp(part)) for part <= total: what is left of a sum when a part is taken out. Returns where that is less
/// than a thousandth of the sum, so that the sum's rounding shows in it: bool [n].
inline Tensor take_out(Tensor& total, const Tensor& part) {
  const auto share = (part - total).exp();  // of the part, at most 1 but for rounding
  total = (total + share.clamp_max(1).neg().log1p()).clamp_min(kNothing);
  return share > 0.999;
}

/// exp(x_ij - log_sum_i) of kept logits: each pair's share of its row's sum. [n, p]
///
/// Bounded above by exp(80): a pair that is taken for a negative while its row is swept may exceed the sum of the true ones by
/// far; it is corrected afterwards by the very same number, so the bound cancels and nothing overflows.
inline Tensor softmax_share(const Tensor& kept, const Tensor& log_sum) { return (kept - column(log_sum)).clamp_max(80).exp(); }

}  // namespace idcl::objective
