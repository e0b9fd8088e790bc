#pragma once

#include "idcl/core/check.hpp"
#include "idcl/similarity/close.hpp"
#include "idcl/similarity/detail/squared_distances.hpp"
#include "idcl/similarity/detail/widened_rows.hpp"
#include "idcl/similarity/similarity.hpp"
#include "idcl/similarity/unit_rows.hpp"

#include <utility>
#include <vector>

namespace idcl::similarity {

/// Euclidean distance, or its square: s_ij = |x_i - y_j|^power, rows brought to unit length first unless told otherwise.
///
/// |x - y|^2 = |x|^2 + |y|^2 - 2 <x, y> is one inner product of rows with two more columns. Where that cancels (close pairs), the
/// distance is computed again from the difference: equal rows are at distance 0 exactly. Its slope there is 0.
struct Euclidean {
  static constexpr bool symmetric = true;
  static constexpr bool distance = true;
  bool normalize = true;  ///< compare rows of unit length
  int power = 1;          ///< 1: the distance, 2: its square
  double eps = 1e-12;     ///< > 0: the norm below which a row counts as zero

  Tensor embed(const Tensor& x) const { return widen(x, {detail::Widened::Anchors})[0]; }
  Tensor references(const Tensor& y) const { return widen(y, {detail::Widened::References})[0]; }
  std::pair<Tensor, Tensor> both(const Tensor& x) const {
    const auto rows = widen(x, {detail::Widened::Anchors, detail::Widened::References});
    return {rows[0], rows[1]};
  }
  Tensor from_product(const Tensor& product, const Tensor& u, const Tensor& v) const;
  Tensor slope(const Tensor& s) const;
  Tensor settle(const Tensor& product, const Tensor& u, const Tensor& v) const;
  Curve curve() const { return power == 2 ? Curve::Line : Curve::Root; }

 private:
  std::vector<Tensor> widen(const Tensor& x, const std::vector<detail::Widened>& as) const;
  Tensor recompute_close(const Tensor& squared, const Tensor& u, const Tensor& v) const;
};

inline std::vector<Tensor> Euclidean::widen(const Tensor& x, const std::vector<detail::Widened>& as) const {
  check::positive("idcl::similarity::Euclidean", "eps", eps);
  TORCH_CHECK_VALUE(power == 1 || power == 2, "idcl::similarity::Euclidean: expected `power` to be 1 or 2, but got ", power);
  const auto rows = at_least_float(x);
  const detail::Length length{.unit = normalize, .least = least_square(eps)};
  if (is_plain(rows)) return detail::WidenedRows::apply(rows, as, length);
  std::vector<Tensor> results;  // [N, D + 2] each
  for (const auto one : as) results.push_back(detail::widened_rows(rows, one, length));
  return results;
}

/// Replaces values below a thousandth of the rows' squared norms, in which only rounding may be left, by sums of squared differences.
inline Tensor Euclidean::recompute_close(const Tensor& squared, const Tensor& u, const Tensor& v) const {
  const at::NoGradGuard no_grad;
  const auto width = u.size(1) - 2;
  const auto scale = u.narrow(1, width, 1) + v.narrow(1, width + 1, 1).t();  // [n, m]
  return recompute(squared, squared <= scale * 1e-3, width, [&](const Tensor& i, const Tensor& j) {
    const auto difference = u.narrow(1, 0, width).index_select(0, i).add(v.narrow(1, 0, width).index_select(0, j), 0.5);
    return difference.square().sum(1);
  });
}

inline Tensor Euclidean::from_product(const Tensor& product, const Tensor& u, const Tensor& v) const {
  const auto exact = recompute_close(product.detach(), u.detach(), v.detach());
  // the value is the exact one, the slope that of the inner product
  const auto squared = product.requires_grad() ? exact + (product - product.detach()) : exact;
  if (power == 2) return squared;
  const auto zero = exact <= 0;
  return squared.masked_fill(zero, 1).sqrt().masked_fill(zero, 0);
}

inline Tensor Euclidean::settle(const Tensor& product, const Tensor& u, const Tensor& v) const {
  const at::NoGradGuard no_grad;
  if (!detail::settles_in_place(product)) return from_product(product.detach(), u.detach(), v.detach());
  return detail::settle_distances(product, u, v, /*rooted=*/power == 1);
}

inline Tensor Euclidean::slope(const Tensor& s) const {
  return power == 2 ? at::ones_like(s) : (2 * s).reciprocal().masked_fill_(s <= 0, 0);
}

static_assert(MappedSimilarity<Euclidean>);

}  // namespace idcl::similarity
