#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// Proxies as anchors, the batch as references: a proxy pulls its class, hard ones most, and pushes all others away.
///
///   L_c = log(1 + sum_P exp(-alpha (s_cp - margin)))  and  log(1 + sum_N exp(alpha (s_cn + margin)))
///
/// as two parts, [n, 2], each with a mean of its own: the first over the proxies that have a positive, the second over all.
/// Kim et al. 2020, eq. 4. State: 2 numbers a row. Twice differentiable.
struct ProxyAnchor {
  static constexpr int passes = 1;
  double alpha = 32;    ///< != 0, below zero for a distance
  double margin = 0.1;  ///< in units of similarity

  struct Rows {
    Tensor positives;  ///< log-sum-exp over P(c), [n]
    Tensor negatives;  ///< log-sum-exp over N(c), [n]
    auto members() { return std::tie(positives, negatives); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    return {at::full({n}, kNothing, options), at::full({n}, kNothing, options)};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    merge(rows, {log_sum_exp(attraction(tile)), log_sum_exp(repulsion(tile))});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.positives = at::logaddexp(rows.positives, other.positives);
    rows.negatives = at::logaddexp(rows.negatives, other.negatives);
  }

  Tensor loss(const Rows& rows) const { return at::log_sigmoid(both(rows).neg()).neg(); }  // [n, 2]; 0 where there is no pair

  Tensor terms(const Rows& rows) const {
    const auto present = is_empty(rows.positives).logical_not().to(rows.positives.scalar_type());
    return at::stack({present, at::ones_like(present)}, 1);
  }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto slope = at::sigmoid(both(rows)) * upstream;
    return weights(rows, tile, slope.select(1, 0), slope.select(1, 1));
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const { return weights(rows, tile, slope.positives, slope.negatives); }

 private:
  static Tensor both(const Rows& rows) { return at::stack({rows.positives, rows.negatives}, 1); }

  Tensor attraction(const Tile& tile) const { return tile.positive.keep_((tile.similarity - margin) * -alpha, kNothing); }
  Tensor repulsion(const Tile& tile) const { return tile.negative().keep_((tile.similarity + margin) * alpha, kNothing); }

  /// Slopes a_c of the positives' log-sum-exp and b_c of the negatives', carried to s: [n, m].
  Tensor weights(const Rows& rows, const Tile& tile, const Tensor& a, const Tensor& b) const {
    const auto negative = tile.negative();
    auto result = negative.spread(
        softmax_share(repulsion(tile), rows.negatives) * column(b.masked_fill(is_empty(rows.negatives), 0) * alpha), tile.cols());
    const auto attract = softmax_share(attraction(tile), rows.positives) * column(a.masked_fill(is_empty(rows.positives), 0) * -alpha);
    tile.positive.add_(result, attract);
    return result;
  }
};

static_assert(TwiceDifferentiable<ProxyAnchor>);

}  // namespace idcl::objective
