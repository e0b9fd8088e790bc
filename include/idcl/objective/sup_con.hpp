#pragma once

#include "idcl/core/check.hpp"
#include "idcl/core/or_one.hpp"
#include "idcl/objective/fusible.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <optional>
#include <tuple>

namespace idcl::objective {

/// InfoNCE with any number of positives, averaged outside the logarithm (SupCon's "out" form):
///
///   L_i = -1/|P| sum_P log( exp(s_ip / t) / sum_{P u N} exp(s_ij / t) )      P: positives, N: negatives, t: temperature
///       = softplus(n_i - p_i) + p_i - m_i          n_i, p_i: log-sum-exp over negatives and positives; m_i: the positives' mean logit
///
/// Both parts are at least zero and exact where they vanish. A row without a positive has no term. Positives of weights w are averaged
/// by them, -1/sum w sum_P w log(...); the denominator is over all pairs, whatever their weight.
/// Khosla et al. 2020, eq. 2. State: 4 numbers a row. Twice differentiable.
struct SupCon {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double temperature = 0.1;  ///< > 0, in units of similarity

  struct Rows {
    Tensor negatives;  ///< log-sum-exp over N(i), [n]
    Tensor positives;  ///< log-sum-exp over P(i), [n]
    Tensor sum;        ///< of the positives' logits, [n]
    Tensor count;      ///< |P(i)|, or the sum of their weights, [n]
    auto members() { return std::tie(negatives, positives, sum, count); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    check::not_zero("idcl::objective::SupCon", "temperature", temperature);
    const auto nothing = [&] { return at::full({n}, kNothing, options); };
    return {nothing(), nothing(), at::zeros({n}, options), at::zeros({n}, options)};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto logits = tile.similarity / temperature;  // [n, m]
    const auto positive = tile.positive.once();
    merge(rows, {log_sum_exp(tile.negative().keep(logits, kNothing)), log_sum_exp(tile.positive.keep(logits, kNothing)),
                 positive.times(positive.keep(logits, 0)).sum(1), positive.occurrences(tile.rows(), tile.cols(), logits.options())});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.negatives = at::logaddexp(rows.negatives, other.negatives);
    rows.positives = at::logaddexp(rows.positives, other.positives);
    rows.sum = rows.sum + other.sum;
    rows.count = rows.count + other.count;
  }

  Tensor remove_negatives(Rows& rows, const Tile& tile) const {
    return take_out(rows.negatives, log_sum_exp(tile.negative().keep(tile.similarity / temperature, kNothing)));
  }

  Tensor loss(const Rows& rows) const {  // [n]
    const auto spread = rows.positives - rows.sum / or_one(rows.count);
    return (at::log_sigmoid(rows.positives - rows.negatives).neg() + spread).masked_fill(is_empty(rows.positives), 0);
  }

  Tensor terms(const Rows& rows) const { return is_empty(rows.positives).logical_not().to(rows.positives.scalar_type()); }  // [n]

  /// q (softmax over the negatives) - q (softmax over the positives) + (softmax over the positives) - 1/|P|, where q = sigmoid(n_i - p_i)
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto scale = (upstream / temperature).masked_fill(is_empty(rows.positives), 0);
    const auto q = at::sigmoid(rows.negatives - rows.positives) * scale;
    return weights(tile, rows, q, [&](const Tensor& share) {
      return (share - tile.positive.once().times(column(or_one(rows.count).reciprocal()))) * column(scale) - share * column(q);
    });
  }

  std::optional<LogitScales> fuses() const { return logit_scale(1 / temperature); }
  FusedRow row(const RowSums& sums) const {
    if (is_empty(sums.positives)) return {};
    const auto gap = sums.negatives - sums.positives, q = sigmoid(gap);
    return {.loss = softplus(gap) + (sums.positives - sums.total / sums.count), .terms = 1, .repulsion = q, .attraction = -q, .spread = 1};
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const {
    return weights(tile, rows, slope.negatives / temperature, [&](const Tensor& share) {
      return (share * column(slope.positives) + tile.positive.once().times(column(slope.sum))) / temperature;
    });
  }

 private:
  /// a_i exp(l_ij - n_i) at the negatives and `attract`(exp(l_ij - p_i)) at the positives, zero elsewhere: [n, m].
  template <class Attract>
  Tensor weights(const Tile& tile, const Rows& rows, const Tensor& a, Attract&& attract) const {
    const auto logits = tile.similarity / temperature;
    const auto negative = tile.negative();
    auto result = negative.spread(softmax_share(negative.keep(logits, kNothing), rows.negatives) * column(a), tile.cols());
    const auto share = softmax_share(tile.positive.keep(logits, kNothing), rows.positives);
    tile.positive.add_(result, tile.positive.only(attract(share)));
    return result;
  }
};

static_assert(RevisableObjective<SupCon> && TwiceDifferentiable<SupCon> && Fusible<SupCon>);

}  // namespace idcl::objective
