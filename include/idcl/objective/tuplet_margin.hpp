#pragma once

#include "idcl/objective/pair_terms.hpp"

#include <cmath>
#include <limits>

namespace idcl::objective {

/// Tuplet margin: one term for each positive pair, its angle made smaller by a margin, against the negatives of its anchor:
///
///   t_ip = log( 1 + sum_N exp( c (cos th_in - cos(th_ip - b)) ) ),   cos th = s,   cos(th - b) = s cos b + sqrt(1 - s^2) sin b
///
/// The root is taken as constant where a pair is parallel up to rounding: there the angle has no direction to move in.
/// Yu and Tao 2019, eq. 4. Two passes; state: 5 numbers a row. Twice differentiable.
struct TupletMargin {
  static constexpr int passes = 2;
  static constexpr bool weighted = true;
  double margin = 0.1;  ///< b, in radians
  double factor = 64;   ///< c > 0

  using Rows = PairTerms;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return PairTerms::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int pass) const { rows.update(*this, tile, pass); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }
  Tensor loss(const Rows& rows) const { return rows.terms; }
  Tensor terms(const Rows& rows) const { return rows.count; }
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const { return rows.gradient(*this, tile, upstream); }
  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const { return rows.pull(*this, tile, slope); }

  double scale() const { return factor; }
  Tensor attraction(const Tensor& s) const {
    return s * (factor * std::cos(margin)) + sine(s).masked_fill(parallel(s), 0) * (factor * std::sin(margin));
  }
  Tensor attraction_slope(const Tensor& s) const {
    return (s / sine(s)).masked_fill(parallel(s), 0) * (-factor * std::sin(margin)) + factor * std::cos(margin);
  }

 private:
  static Tensor parallel(const Tensor& s) {
    const double epsilon = s.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
    return (1 - s.detach().square()) <= 4 * epsilon;
  }
  /// sqrt(1 - s^2), or 1 where the pair is parallel.
  static Tensor sine(const Tensor& s) { return (1 - s.square()).masked_fill(parallel(s), 1).sqrt(); }
};

static_assert(TwiceDifferentiable<TupletMargin>);

}  // namespace idcl::objective
