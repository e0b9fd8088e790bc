#pragma once

#include "idcl/objective/fusible.hpp"
#include "idcl/objective/two_sums.hpp"

#include <optional>

namespace idcl::objective {

/// Multi-similarity: soft versions of the hardest positive and the hardest negative, each against a base:
///
///   L_i = 1/alpha log( 1 + sum_P exp(-alpha (s_ip - base)) ) + 1/beta log( 1 + sum_N exp(beta (s_in - base)) )
///
/// The signs change for a distance. Every row is a term, 0 where it has no pair. Wang et al. 2019, eq. 14. State: 2 numbers a row.
/// Twice differentiable.
struct MultiSimilarity {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double alpha = 2;  ///< > 0
  double beta = 50;  ///< > 0
  double base = 0.5;
  bool distance = false;  ///< are small values close?

  using Rows = TwoSums;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return TwoSums::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { rows.update(*this, tile); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }

  Tensor loss(const Rows& rows) const {  // [n]
    return at::log_sigmoid(-rows.positives) / -alpha + at::log_sigmoid(-rows.negatives) / -beta;
  }

  Tensor terms(const Rows& rows) const { return at::ones_like(rows.positives); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    return rows.spread(*this, tile, at::sigmoid(rows.positives) * upstream / alpha, at::sigmoid(rows.negatives) * upstream / beta);
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const {
    return rows.spread(*this, tile, slope.positives, slope.negatives);
  }

  std::optional<LogitScales> fuses() const { return LogitScales{repulsion_slope({}), attraction_slope({})}; }
  FusedRow row(const RowSums& sums) const {
    const auto near = sums.positives - attraction_slope({}) * base, far = sums.negatives - repulsion_slope({}) * base;
    return {.loss = softplus(near) / alpha + softplus(far) / beta,
            .terms = 1,
            .repulsion = sigmoid(far) / beta,
            .attraction = sigmoid(near) / alpha};
  }

  Tensor attraction(const Tensor& s) const { return (s - base) * attraction_slope(s); }
  Tensor repulsion(const Tensor& s) const { return (s - base) * repulsion_slope(s); }
  double attraction_slope(const Tensor&) const { return distance ? alpha : -alpha; }
  double repulsion_slope(const Tensor&) const { return distance ? -beta : beta; }
};

static_assert(TwiceDifferentiable<MultiSimilarity> && Fusible<MultiSimilarity>);

}  // namespace idcl::objective
