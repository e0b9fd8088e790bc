#pragma once

#include "idcl/objective/fusible.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <optional>
#include <tuple>

namespace idcl::objective {

/// The log-sum-exp over a row's negatives as it is, for losses that combine it with more:
///
///   n_i = log sum_N exp( scale (s_in - base) )
///
/// Every row is a term; one without a negative has `kNothing`, and no slope. A pair given twice is twice in the sum. State: a number a
/// row. Twice differentiable.
struct NegativeLogSum {
  static constexpr int passes = 1;
  double scale = 1;  ///< below zero for a distance
  double base = 0;

  struct Rows {
    Tensor negatives;  ///< n_i, [n]
    auto members() { return std::tie(negatives); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::full({n}, kNothing, options)}; }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { merge(rows, {log_sum_exp(logits(tile))}); }
  void merge(Rows& rows, const Rows& other) const { rows.negatives = at::logaddexp(rows.negatives, other.negatives); }
  Tensor loss(const Rows& rows) const { return rows.negatives; }
  Tensor terms(const Rows& rows) const { return at::ones_like(rows.negatives); }
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const { return weights(rows, tile, upstream); }

  std::optional<LogitScales> fuses() const { return logit_scale(scale); }
  FusedRow row(const RowSums& sums) const {
    if (is_empty(sums.negatives)) return {.loss = kNothing, .terms = 1};
    return {.loss = sums.negatives - scale * base, .terms = 1, .repulsion = 1};
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const { return weights(rows, tile, slope.negatives); }

 private:
  Tensor logits(const Tile& tile) const {
    const auto negative = tile.negative();
    return negative.raise(negative.keep((tile.similarity - base) * scale, kNothing));
  }

  /// a_i times each negative's share of its sum: [n, m].
  Tensor weights(const Rows& rows, const Tile& tile, const Tensor& a) const {
    const auto slope = (a * scale).masked_fill(is_empty(rows.negatives), 0);
    return tile.negative().spread(softmax_share(logits(tile), rows.negatives) * column(slope), tile.cols());
  }
};

static_assert(TwiceDifferentiable<NegativeLogSum> && Fusible<NegativeLogSum>);

}  // namespace idcl::objective
