#pragma once

#include "idcl/objective/fusible.hpp"
#include "idcl/objective/pair_terms.hpp"

#include <optional>

namespace idcl::objective {

/// NT-Xent: one term for each positive pair, against the negatives of its anchor; the anchor's other positives are not in it:
///
///   t_ip = -log( exp(s_ip / t) / ( exp(s_ip / t) + sum_N exp(s_in / t) ) ) = softplus( log sum_N exp(s_in / t) - s_ip / t )
///
/// `epsilon` is added to the quotient, which bounds a term by -log(epsilon) and leaves it without a gradient there.
///
/// Sohn 2016; Chen et al. 2020, eq. 1. Two passes; state: 5 numbers a row. Twice differentiable.
struct NTXent {
  static constexpr int passes = 2;
  static constexpr bool weighted = true;
  static constexpr bool single_positive = true;
  double temperature = 0.07;  ///< in units of similarity; below zero for a distance
  double epsilon = 0;         ///< >= 0; 0 is the exact loss

  using Rows = PairTerms;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return PairTerms::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int pass) const { rows.update(*this, tile, pass); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }
  Tensor loss(const Rows& rows) const { return rows.terms; }
  Tensor terms(const Rows& rows) const { return rows.count; }
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const { return rows.gradient(*this, tile, upstream); }
  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const { return rows.pull(*this, tile, slope); }

  std::optional<LogitScales> fuses() const { return epsilon == 0 ? logit_scale(scale()) : std::nullopt; }
  FusedRow row(const RowSums& sums) const {
    if (sums.count == 0) return {};
    const auto gap = sums.negatives - sums.total, slope = sigmoid(gap);
    return {.loss = softplus(gap), .terms = 1, .repulsion = slope, .attraction = -slope};
  }

  double scale() const { return 1 / temperature; }
  Tensor attraction(const Tensor& s) const { return s * scale(); }
  Tensor attraction_slope(const Tensor& s) const { return at::full_like(s, scale()); }
};

static_assert(TwiceDifferentiable<NTXent> && Fusible<NTXent>);

}  // namespace idcl::objective
