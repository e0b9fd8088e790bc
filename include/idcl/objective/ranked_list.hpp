#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <cmath>
#include <tuple>

namespace idcl::objective {

/// Ranked list: the pairs that violate their threshold, averaged by weights that grow with the violation x:
///
///   L_i = (1 - imbalance) A_P + imbalance A_N,   A = sum_(x > 0) e^{T x} x / ( sum_(x > 0) e^{T x} + M 1e-5 )
///   x = s_ip - (alpha - margin) of a positive, T = Tp;   x = alpha - s_in of a negative, T = Tn
///
/// s is a distance and M the number of references; the 1e-5 of each keeps the average of few violations small. The weights have a slope
/// too. Both sums are kept as logarithms, so that no weight overflows. Every row is a term, 0 where nothing violates. Wang et al. 2019,
/// "Ranked List Loss". State: 5 numbers a row.
struct RankedList {
  static constexpr int passes = 1;
  double margin = 0.4;
  double alpha = 1.2;
  double imbalance = 0.5;  ///< within [0, 1]: the negatives' share
  double Tp = 0;           ///< >= 0
  double Tn = 10;          ///< >= 0

  struct Rows {
    Tensor weights;     ///< log sum e^{T x}, of positives and of negatives, [n, 2]
    Tensor violations;  ///< log sum e^{T x} x, [n, 2]
    Tensor width;       ///< references seen, [n]
    auto members() { return std::tie(weights, violations, width); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    const auto nothing = [&] { return at::full({n, 2}, kNothing, options); };
    return {nothing(), nothing(), at::zeros({n}, options)};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto sums = [&](const PairSet& pairs, const Tensor& violation, double temperature) {
      const auto x = pairs.keep(violation, 0);
      const auto satisfied = x.detach() <= 0;
      const auto weight = pairs.raise((x * temperature).masked_fill(satisfied, kNothing));
      return std::pair{log_sum_exp(weight), log_sum_exp(weight + x.masked_fill(satisfied, 1).log())};
    };
    const auto [p, px] = sums(tile.positive, positive(tile), Tp);
    const auto [n, nx] = sums(tile.negative(), negative(tile), Tn);
    merge(rows, {at::stack({p, n}, 1), at::stack({px, nx}, 1),
                 at::full({tile.rows()}, tile.cols(), tile.similarity.options().requires_grad(false))});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.weights = at::logaddexp(rows.weights, other.weights);
    rows.violations = at::logaddexp(rows.violations, other.violations);
    rows.width = rows.width + other.width;
  }

  Tensor loss(const Rows& rows) const {  // [n]
    const auto mean = averages(rows);
    return mean.select(1, 0) * (1 - imbalance) + mean.select(1, 1) * imbalance;
  }

  Tensor terms(const Rows& rows) const { return at::ones_like(rows.width); }

  /// dA / dx = e^{T x} (1 + T (x - A)) over the denominator
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto below = denominators(rows), mean = averages(rows);  // [n, 2]
    const auto slope = [&](const PairSet& pairs, const Tensor& violation, double temperature, int64_t part, double weight) {
      const auto x = pairs.keep(violation, 0);
      const auto share = (x * temperature - column(below.select(1, part))).masked_fill(x <= 0, kNothing).exp();
      return pairs.times(share * ((x - column(mean.select(1, part))) * temperature + 1)) * column(upstream * weight);
    };
    const auto negatives = tile.negative();
    auto result = negatives.spread(slope(negatives, negative(tile), Tn, 1, -imbalance), tile.cols());
    tile.positive.add_(result, slope(tile.positive, positive(tile), Tp, 0, 1 - imbalance));
    return result;  // [n, m]
  }

 private:
  Tensor positive(const Tile& tile) const { return tile.similarity - (alpha - margin); }
  Tensor negative(const Tile& tile) const { return alpha - tile.similarity; }

  static Tensor denominators(const Rows& rows) {
    return at::logaddexp(rows.weights, column(rows.width.clamp_min(1).log() + std::log(1e-5)));
  }
  static Tensor averages(const Rows& rows) { return (rows.violations - denominators(rows)).exp(); }
};

static_assert(Objective<RankedList>);

}  // namespace idcl::objective
