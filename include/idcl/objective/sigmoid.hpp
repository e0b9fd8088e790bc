#pragma once

#include "idcl/core/check.hpp"
#include "idcl/core/simd_softplus.hpp"
#include "idcl/objective/fusible.hpp"
#include "idcl/objective/fusible_pairs.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// Each pair a binary decision of its own, z = scale s + bias its logit:
///
///   L_i = -sum_P log sigmoid(z_ip) - sum_N log sigmoid(-z_in)
///
/// Every row is a term. Zhai et al. 2023, eq. 2. State: 1 number a row. Twice differentiable.
struct Sigmoid {
  double scale = 1;  ///< > 0 and finite
  double bias = 0;   ///< finite

  static constexpr int passes = 1;
  static constexpr bool weighted = true;

  struct Rows {
    Tensor loss;  ///< [n]
    auto members() { return std::tie(loss); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    check_members();
    return {at::zeros({n}, options)};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto negative = tile.negative();
    const auto z = logits(tile.similarity);  // [n, m]
    const auto together = tile.positive.keep(z, -kNothing), apart = negative.keep(z, kNothing);
    rows.loss = rows.loss - tile.positive.times(at::log_sigmoid(together)).sum(1) - negative.times(at::log_sigmoid(-apart)).sum(1);
  }

  void merge(Rows& rows, const Rows& other) const { rows.loss = rows.loss + other.loss; }

  Tensor loss(const Rows& rows) const { return rows.loss; }
  Tensor terms(const Rows& rows) const { return at::ones_like(rows.loss); }

  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto negative = tile.negative();
    const auto z = logits(tile.similarity), weight = scale == 1 ? upstream : upstream * scale;
    auto result = negative.spread(negative.times(at::sigmoid(negative.keep(z, kNothing))) * column(weight), tile.cols());
    tile.positive.add_(result, tile.positive.times(at::sigmoid(-tile.positive.keep(z, -kNothing))) * column(-weight));
    return result;  // [n, m]
  }

  static constexpr bool eager = true;
  Rows gather(const PairSums& sums) const {
    check_members();
    return {sums.positive.cost + sums.negative.cost};
  }
  PairWeights weights(const Tensor& upstream) const { return {upstream, upstream}; }
  template <class V>
  [[gnu::always_inline]] void negative(V& loss, const V& s) const {
    simd::softplus(loss, V(s * static_cast<float>(scale) + static_cast<float>(bias)));
  }
  template <class V>
  [[gnu::always_inline]] void negative_slope(V& slope, const V& s) const {
    simd::sigmoid(slope, V(s * static_cast<float>(scale) + static_cast<float>(bias)));
    slope *= static_cast<float>(scale);
  }
  PairCost positive(double s) const {
    const auto z = s * scale + bias;
    return {.loss = softplus(-z), .slope = -scale * sigmoid(-z)};
  }

  Tensor pull(const Rows& /*rows*/, const Tile& tile, const Rows& /*slope*/) const { return at::zeros_like(tile.similarity); }

 private:
  void check_members() const {
    check::positive("idcl::objective::Sigmoid", "scale", scale);
    check::finite("idcl::objective::Sigmoid", "bias", bias);
  }
  Tensor logits(const Tensor& s) const { return scale == 1 && bias == 0 ? s : s * scale + bias; }
};

static_assert(TwiceDifferentiable<Sigmoid> && FusiblePairs<Sigmoid>);

}  // namespace idcl::objective
