#pragma once

#include "idcl/core/check.hpp"
#include "idcl/objective/fusible.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <cmath>
#include <optional>
#include <tuple>

namespace idcl::objective {

/// InfoNCE with any number of positives, summed inside the logarithm:
///
///   L_i = -log( sum_P exp(s_ip / t) / ( sum_P exp(s_ip / t) + sum_N exp(s_in / t) ) )     P: positives, N: negatives, t: temperature
///       = softplus(n_i - p_i)          n_i, p_i: log-sum-exp over the row's negatives and positives
///
/// The softplus form keeps losses far below the rounding of the log-sum-exps, and makes the positives' slope minus the sum of the
/// negatives'. A row without a positive has no term; a row without a negative has the term 0.
/// `epsilon` adds epsilon * exp(max_j s_ij / t) to both sums of the quotient, the maximum over the whole row with the element
/// itself: the arithmetic of the authors' IDCL release (1e-8). It acts as one more positive that nothing can move.
/// Positives of weights w count by them where they are found, and in full where they are looked for among all:
///
///   L_i = -log( sum_P w_ip exp(s_ip / t) / sum_(P u N) exp(s_ij / t) ) = softplus(n_i - p_i) + p_i - f_i
///
/// f_i: log-sum-exp over the positives, weighted. van den Oord et al. 2018, eq. 4; IDCL 2026, eq. 5. State: 4 numbers a row. Twice
/// differentiable.
struct InfoNCE {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double temperature = 0.1;  ///< > 0, in units of similarity
  double epsilon = 0;        ///< >= 0, relative to the row's largest term; 0 is the exact loss

  struct Rows {
    Tensor negatives;  ///< log-sum-exp over N(i), [n]
    Tensor positives;  ///< log-sum-exp over P(i), [n]
    Tensor found;      ///< the same, weighted, [n]; p_i itself where no positive has a weight
    Tensor peak;       ///< largest logit of the row, [n]; used with epsilon only
    auto members() { return std::tie(negatives, positives, found, peak); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    check::not_zero("idcl::objective::InfoNCE", "temperature", temperature);
    check::not_negative("idcl::objective::InfoNCE", "epsilon", epsilon);
    const auto nothing = [&] { return at::full({n}, kNothing, options); };
    return {nothing(), nothing(), nothing(), nothing()};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto logits = tile.similarity / temperature;  // [n, m]
    if (epsilon > 0 && logits.size(1) > 0) rows.peak = at::maximum(rows.peak, logits.detach().amax(1));
    const auto kept = tile.positive.keep(logits, kNothing);
    const auto positives = log_sum_exp(kept), found = tile.positive.is_weighted() ? log_sum_exp(tile.positive.raise(kept)) : positives;
    merge(rows, {log_sum_exp(tile.negative().keep(logits, kNothing)), positives, found, rows.peak});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.negatives = at::logaddexp(rows.negatives, other.negatives);
    rows.positives = at::logaddexp(rows.positives, other.positives);
    rows.found = at::logaddexp(rows.found, other.found);
    rows.peak = at::maximum(rows.peak, other.peak);
  }

  Tensor remove_negatives(Rows& rows, const Tile& tile) const {
    return take_out(rows.negatives, log_sum_exp(tile.negative().keep(tile.similarity / temperature, kNothing)));
  }

  Tensor loss(const Rows& rows) const {  // [n]
    const auto positives = attraction(rows, rows.positives);
    return (at::log_sigmoid(positives - rows.negatives).neg() + (positives - attraction(rows, rows.found)))
        .masked_fill(is_empty(rows.positives), 0);
  }

  Tensor terms(const Rows& rows) const { return is_empty(rows.positives).logical_not().to(rows.positives.scalar_type()); }  // [n]

  /// q (softmax over the negatives) - q (softmax over the positives), where q = sigmoid(n_i - p_i); positives of weights have
  /// (1 - q) (softmax over the positives) - (their softmax with weights) instead
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto positives = attraction(rows, rows.positives);
    const auto scale = (upstream / temperature).masked_fill(is_empty(rows.positives), 0);
    const auto slope = at::sigmoid(rows.negatives - positives) * scale;
    auto result = weights(tile, rows.negatives, slope, positives, tile.positive.is_weighted() ? scale - slope : -slope);  // [n, m]
    if (tile.positive.is_weighted()) add_found(result, tile, attraction(rows, rows.found), -scale);
    return result;
  }

  std::optional<LogitScales> fuses() const { return epsilon == 0 ? logit_scale(1 / temperature) : std::nullopt; }
  FusedRow row(const RowSums& sums) const {
    if (is_empty(sums.positives)) return {};
    const auto gap = sums.negatives - sums.positives, slope = sigmoid(gap);
    return {.loss = softplus(gap), .terms = 1, .repulsion = slope, .attraction = -slope};
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const {
    const auto weighted_apart = tile.positive.is_weighted();  // elsewhere `found` is `positives`
    const auto positives = weighted_apart ? slope.positives : slope.positives + slope.found;
    auto result = weights(tile, rows.negatives, slope.negatives / temperature, rows.positives, positives / temperature);
    if (weighted_apart) add_found(result, tile, rows.found, slope.found / temperature);
    return result;
  }

 private:
  /// A log-sum-exp of positives, with epsilon's share.
  Tensor attraction(const Rows& rows, const Tensor& positives) const {
    return epsilon > 0 ? at::logaddexp(positives, rows.peak + std::log(epsilon)) : positives;
  }

  /// result += b_i w_ij exp(l_ij - f_i) at the positives.
  void add_found(Tensor& result, const Tile& tile, const Tensor& f, const Tensor& b) const {
    tile.positive.add_(result,
                       softmax_share(tile.positive.raise(tile.positive.keep(tile.similarity / temperature, kNothing)), f) * column(b));
  }

  /// a_i exp(l_ij - n_i) at the negatives and b_i exp(l_ij - p_i) at the positives, zero elsewhere: [n, m].
  Tensor weights(const Tile& tile, const Tensor& n, const Tensor& a, const Tensor& p, const Tensor& b) const {
    const auto logits = tile.similarity / temperature;
    const auto negative = tile.negative();
    auto result = negative.spread(softmax_share(negative.keep(logits, kNothing), n) * column(a), tile.cols());
    tile.positive.add_(result, softmax_share(tile.positive.keep(logits, kNothing), p) * column(b));
    return result;
  }
};

static_assert(RevisableObjective<InfoNCE> && TwiceDifferentiable<InfoNCE> && Fusible<InfoNCE>);

}  // namespace idcl::objective
