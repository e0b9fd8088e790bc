#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// Threshold-consistent margin: the hard pairs alone, positives at or below one similarity and negatives at or above another, each
/// part averaged over its own hard pairs:
///
///   lambda_plus (margin_plus - s_ip)  where s_ip <= margin_plus,   lambda_minus (s_in - margin_minus)  where s_in >= margin_minus
///
/// Zhang et al. 2024, eq. 4. State: 4 numbers a row. Twice differentiable.
struct ThresholdConsistentMargin {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double lambda_plus = 1;
  double lambda_minus = 1;
  double margin_plus = 0.9;
  double margin_minus = 0.5;

  struct Rows {
    Tensor loss;   ///< sum over hard positives and over hard negatives, [n, 2]
    Tensor terms;  ///< their numbers, [n, 2]
    auto members() { return std::tie(loss, terms); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n, 2}, options), at::zeros({n, 2}, options)}; }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto negative = tile.negative();
    const auto together = tile.positive.keep(tile.similarity, -kNothing), apart = negative.keep(tile.similarity, kNothing);
    merge(rows, {at::stack({tile.positive.times(at::relu(margin_plus - together)).sum(1) * lambda_plus,
                            negative.times(at::relu(apart - margin_minus)).sum(1) * lambda_minus},
                           1),
                 at::stack({tile.positive.times(hard_positive(together)).sum(1), negative.times(hard_negative(apart)).sum(1)}, 1)});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.loss = rows.loss + other.loss;
    rows.terms = rows.terms + other.terms;
  }

  Tensor loss(const Rows& rows) const { return rows.loss; }    // [n, 2]
  Tensor terms(const Rows& rows) const { return rows.terms; }  // [n, 2]

  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto negative = tile.negative();
    const auto attract = tile.positive.times(hard_positive(tile.positive.keep(tile.similarity, -kNothing)));
    const auto repel = negative.times(hard_negative(negative.keep(tile.similarity, kNothing)));
    auto result = negative.spread(repel * column(upstream.select(1, 1) * lambda_minus), tile.cols());
    tile.positive.add_(result, attract * column(upstream.select(1, 0) * -lambda_plus));
    return result;  // [n, m]
  }

  Tensor pull(const Rows& /*rows*/, const Tile& tile, const Rows& /*slope*/) const { return at::zeros_like(tile.similarity); }

 private:
  Tensor hard_positive(const Tensor& s) const { return (s.detach() <= margin_plus).to(s.scalar_type()); }
  Tensor hard_negative(const Tensor& s) const { return (s.detach() >= margin_minus).to(s.scalar_type()); }
};

static_assert(TwiceDifferentiable<ThresholdConsistentMargin>);

}  // namespace idcl::objective
