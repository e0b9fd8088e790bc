#pragma once

#include "idcl/core/simd_softplus.hpp"
#include "idcl/objective/fusible.hpp"
#include "idcl/objective/fusible_pairs.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// Each pair a binary decision of its own, s its logit:
///
///   L_i = -sum_P log sigmoid(s_ip) - sum_N log sigmoid(-s_in)
///
/// Every row is a term. Zhai et al. 2023, eq. 2. State: 1 number a row. Twice differentiable.
struct Sigmoid {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;

  struct Rows {
    Tensor loss;  ///< [n]
    auto members() { return std::tie(loss); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n}, options)}; }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto negative = tile.negative();
    const auto together = tile.positive.keep(tile.similarity, -kNothing), apart = negative.keep(tile.similarity, kNothing);
    rows.loss = rows.loss - tile.positive.times(at::log_sigmoid(together)).sum(1) - negative.times(at::log_sigmoid(-apart)).sum(1);
  }

  void merge(Rows& rows, const Rows& other) const { rows.loss = rows.loss + other.loss; }

  Tensor loss(const Rows& rows) const { return rows.loss; }
  Tensor terms(const Rows& rows) const { return at::ones_like(rows.loss); }

  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto negative = tile.negative();
    auto result = negative.spread(negative.times(at::sigmoid(negative.keep(tile.similarity, kNothing))) * column(upstream), tile.cols());
    tile.positive.add_(result, tile.positive.times(at::sigmoid(-tile.positive.keep(tile.similarity, -kNothing))) * column(-upstream));
    return result;  // [n, m]
  }

  static constexpr bool eager = true;
  Rows gather(const PairSums& sums) const { return {sums.positive.cost + sums.negative.cost}; }
  PairWeights weights(const Tensor& upstream) const { return {upstream, upstream}; }
  template <class V>
  [[gnu::always_inline]] void negative(V& loss, const V& s) const {
    simd::softplus(loss, s);
  }
  template <class V>
  [[gnu::always_inline]] void negative_slope(V& slope, const V& s) const {
    simd::sigmoid(slope, s);
  }
  PairCost positive(double s) const { return {.loss = softplus(-s), .slope = -sigmoid(-s)}; }

  Tensor pull(const Rows& /*rows*/, const Tile& tile, const Rows& /*slope*/) const { return at::zeros_like(tile.similarity); }
};

static_assert(TwiceDifferentiable<Sigmoid> && FusiblePairs<Sigmoid>);

}  // namespace idcl::objective
