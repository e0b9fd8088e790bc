#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>
#include <type_traits>

namespace idcl::objective {

/// State of objectives that are a function of two sums a row, of exponentials over its positives and over its negatives. The
/// objective says what the logits of a tile are: `attraction(s)` of positives, `repulsion(s)` of negatives. A pair's weight is a factor
/// of its exponential.
struct TwoSums {
  Tensor positives;  ///< log-sum-exp over P(i), [n]
  Tensor negatives;  ///< log-sum-exp over N(i), [n]
  auto members() { return std::tie(positives, negatives); }

  static TwoSums begin(int64_t n, const at::TensorOptions& options) {
    return {at::full({n}, kNothing, options), at::full({n}, kNothing, options)};
  }

  template <class O>
  void update(const O& objective, const Tile& tile) {
    merge({log_sum_exp(logits(tile.positive, objective.attraction(tile.similarity))),
           log_sum_exp(logits(tile.negative(), objective.repulsion(tile.similarity)))});
  }

  void merge(const TwoSums& other) {
    positives = at::logaddexp(positives, other.positives);
    negatives = at::logaddexp(negatives, other.negatives);
  }

  /// a_i p_ij at the positives and b_i q_ij at the negatives, p and q each pair's share of its sum, times the slopes of the logits,
  /// `attraction_slope(s)` and `repulsion_slope(s)`, numbers or tiles. Weights of rows without such a pair are to be zero. [n, m]
  template <class O>
  Tensor spread(const O& objective, const Tile& tile, const Tensor& a, const Tensor& b) const {
    const auto part = [&](const PairSet& pairs, const Tensor& x, const auto& slope, const Tensor& sum, const Tensor& weight) {
      const auto shares = softmax_share(logits(pairs, x), sum) * column(weight);
      if constexpr (std::is_arithmetic_v<std::decay_t<decltype(slope)>>) {
        return shares * slope;
      } else {
        return shares * pairs.keep(slope, 0);
      }
    };
    const auto& s = tile.similarity;
    const auto negative = tile.negative();
    auto result = negative.spread(part(negative, objective.repulsion(s), objective.repulsion_slope(s), negatives, b), tile.cols());
    tile.positive.add_(result, part(tile.positive, objective.attraction(s), objective.attraction_slope(s), positives, a));
    return result;
  }

 private:
  /// Of a set's pairs, each once or by its weight, and nothing elsewhere. [n, p]
  static Tensor logits(const PairSet& pairs, const Tensor& x) { return pairs.once().raise(pairs.keep(x, kNothing)); }
};

}  // namespace idcl::objective
