#pragma once

#include "idcl/core/check.hpp"
#include "idcl/similarity/close.hpp"
#include "idcl/similarity/similarity.hpp"
#include "idcl/similarity/unit_rows.hpp"

#include <limits>

namespace idcl::similarity {

/// Inverse signal-to-noise ratio: s_ij = var(x_i - y_j) / var(x_i), a distance that is not symmetric; rows brought to unit length first
/// unless told otherwise.
///
/// After centring each row, var(x - y) / var(x) = 1 + (|y|^2 - 2 <x, y>) / |x|^2: one inner product of rows with a column more. Where
/// that cancels (close pairs), it is computed again from the difference: equal rows are at distance 0 exactly.
/// Yuan et al. 2019, eq. 3.
struct SignalToNoise {
  static constexpr bool symmetric = false;
  static constexpr bool distance = true;
  bool normalize = true;  ///< compare rows of unit length
  double eps = 1e-12;     ///< > 0: the norm, and the squared norm of a centred row, below which a row counts as this

  Tensor embed(const Tensor& x) const {
    const auto rows = centre(x);
    const auto signal = rows.square().sum(1, true).clamp_min(eps);  // [N, 1]
    return at::cat({rows * (-2 / signal), 1 / signal}, 1);          // [N, D + 1]
  }
  Tensor references(const Tensor& y) const {
    const auto rows = centre(y);
    return at::cat({rows, rows.square().sum(1, true)}, 1);  // [M, D + 1]
  }
  Tensor from_product(const Tensor& product, const Tensor& u, const Tensor& v) const {
    const auto exact = recompute_close(product.detach() + 1, u.detach(), v.detach());
    // the value is the exact one, the slope that of the inner product
    return product.requires_grad() ? exact + (product - product.detach()).masked_fill(exact <= 0, 0) : exact;
  }
  Tensor slope(const Tensor& s) const { return (s > 0).to(s.scalar_type()); }

 private:
  Tensor centre(const Tensor& x) const {
    check::positive("idcl::similarity::SignalToNoise", "eps", eps);
    auto rows = at_least_float(x);
    if (normalize) rows = unit_rows(rows, eps);
    return rows - rows.mean(1, /*keepdim=*/true);
  }

  /// Replaces values below a thousandth of 1 + |y|^2 / |x|^2, in which only rounding may be left.
  static Tensor recompute_close(const Tensor& ratio, const Tensor& u, const Tensor& v) {
    const at::NoGradGuard no_grad;
    const auto width = u.size(1) - 1;
    const auto inverse = u.narrow(1, width, 1), energy = v.narrow(1, width, 1);  // 1 / |x|^2 [n, 1], |y|^2 [m, 1]
    return recompute(ratio, ratio <= (1 + inverse * energy.t()) * 1e-3, width, [&](const Tensor& i, const Tensor& j) {
      const auto of_anchor = inverse.index_select(0, i);  // [c, 1]
      const auto anchor = u.narrow(1, 0, width).index_select(0, i) / (of_anchor * -2);
      const auto s = (anchor - v.narrow(1, 0, width).index_select(0, j)).square().sum(1) * of_anchor.squeeze(1);
      // The anchor comes back from its scaled row with a rounding of each element: what is within that is equal.
      const double rounding =
          8 * (s.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon());
      return s.masked_fill(s <= rounding * rounding, 0);
    });
  }
};

static_assert(MappedSimilarity<SignalToNoise>);

}  // namespace idcl::similarity
