#pragma once

#include "idcl/objective/two_sums.hpp"

namespace idcl::objective {

/// Generalized lifted structure: soft maximum of the positives' distances against a soft minimum of the negatives':
///
///   L_i = [ log sum_P exp(s_ip - pos_margin) + log sum_N exp(neg_margin - s_in) ]+       a logarithm without pairs counts as 0
///
/// The signs change for a similarity. Every row is a term, 0 where it has no pair. Hermans et al. 2017, eq. 7. State: 2 numbers a row.
/// Twice differentiable.
struct GeneralizedLiftedStructure {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double neg_margin = 1;
  double pos_margin = 0;
  bool distance = true;  ///< are small values close?

  using Rows = TwoSums;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return TwoSums::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { rows.update(*this, tile); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }

  Tensor loss(const Rows& rows) const { return at::relu(sum(rows)); }
  Tensor terms(const Rows& rows) const { return at::ones_like(rows.positives); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto slope = upstream * (sum(rows) > 0);
    return rows.spread(*this, tile, slope.masked_fill(is_empty(rows.positives), 0), slope.masked_fill(is_empty(rows.negatives), 0));
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const {
    return rows.spread(*this, tile, slope.positives, slope.negatives);
  }

  Tensor attraction(const Tensor& s) const { return (s - pos_margin) * attraction_slope(s); }
  Tensor repulsion(const Tensor& s) const { return (s - neg_margin) * repulsion_slope(s); }
  double attraction_slope(const Tensor&) const { return distance ? 1 : -1; }
  double repulsion_slope(const Tensor&) const { return distance ? -1 : 1; }

 private:
  static Tensor sum(const Rows& rows) {
    return rows.positives.masked_fill(is_empty(rows.positives), 0) + rows.negatives.masked_fill(is_empty(rows.negatives), 0);
  }
};

static_assert(TwiceDifferentiable<GeneralizedLiftedStructure>);

}  // namespace idcl::objective
