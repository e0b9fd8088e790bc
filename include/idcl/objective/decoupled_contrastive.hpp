#pragma once

#include "idcl/core/or_one.hpp"
#include "idcl/objective/fusible.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <optional>
#include <tuple>

namespace idcl::objective {

/// Decoupled contrastive: InfoNCE with the positive taken out of the denominator, its logit averaged where there are several:
///
///   L_i = log sum_N exp(s_in / t) - mean_P s_ip / t
///
/// A row without a positive or without a negative has no term. Yeh et al. 2022, eq. 5. State: 3 numbers a row. Twice differentiable.
struct DecoupledContrastive {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double temperature = 0.1;  ///< > 0, in units of similarity

  struct Rows {
    Tensor negatives;  ///< log-sum-exp over N(i), [n]
    Tensor sum;        ///< of the positives' logits, [n]
    Tensor count;      ///< |P(i)|, or the sum of their weights, [n]
    auto members() { return std::tie(negatives, sum, count); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    return {at::full({n}, kNothing, options), at::zeros({n}, options), at::zeros({n}, options)};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto logits = tile.similarity / temperature;  // [n, m]
    const auto positive = tile.positive.once();
    merge(rows, {log_sum_exp(tile.negative().keep(logits, kNothing)), positive.times(positive.keep(logits, 0)).sum(1),
                 positive.occurrences(tile.rows(), tile.cols(), logits.options().requires_grad(false))});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.negatives = at::logaddexp(rows.negatives, other.negatives);
    rows.sum = rows.sum + other.sum;
    rows.count = rows.count + other.count;
  }

  Tensor loss(const Rows& rows) const { return (rows.negatives - rows.sum / or_one(rows.count)).masked_fill(lacks_a_side(rows), 0); }
  Tensor terms(const Rows& rows) const { return lacks_a_side(rows).logical_not().to(rows.sum.scalar_type()); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto slope = upstream.masked_fill(lacks_a_side(rows), 0) / temperature;
    return weights(tile, rows, slope, -slope / or_one(rows.count));
  }

  std::optional<LogitScales> fuses() const { return logit_scale(1 / temperature); }
  FusedRow row(const RowSums& sums) const {
    if (is_empty(sums.negatives) || sums.count == 0) return {};
    return {.loss = sums.negatives - sums.total / sums.count, .terms = 1, .repulsion = 1, .attraction = -1, .spread = 1};
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const {
    return weights(tile, rows, slope.negatives / temperature, slope.sum / temperature);
  }

 private:
  static Tensor lacks_a_side(const Rows& rows) { return is_empty(rows.negatives).logical_or(rows.count.eq(0)); }

  /// a_i (share of the sum) at the negatives and b_i at the positives, zero elsewhere: [n, m].
  Tensor weights(const Tile& tile, const Rows& rows, const Tensor& a, const Tensor& b) const {
    const auto negative = tile.negative();
    auto result =
        negative.spread(softmax_share(negative.keep(tile.similarity / temperature, kNothing), rows.negatives) * column(a), tile.cols());
    tile.positive.add_(result, tile.positive.once().times(tile.positive.keep(column(b).expand_as(tile.similarity), 0)));
    return result;
  }
};

static_assert(TwiceDifferentiable<DecoupledContrastive> && Fusible<DecoupledContrastive>);

}  // namespace idcl::objective
