#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/bounds.hpp"
#include "idcl/trajectory/detail/groups.hpp"
#include "idcl/trajectory/detail/label_bounds.hpp"
#include "idcl/trajectory/measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <vector>

namespace idcl::trajectory {

/// Dynamic time warping: the cheapest monotone alignment of two sequences.
///
///     R(i, j) = c(x_i, y_j) + min(R(i-1, j-1), R(i-1, j), R(i, j-1)),   R(0, 0) = 0,   d = R(n, m)
///
/// Not divided by the path's length, and no root taken. Sakoe-Chiba band: cell (i, j) is allowed where |i - j| <= max(radius, |n - m|),
/// so that a band narrower than the difference of lengths widens to it;
/// `fraction` bounds the radius by a share of the longer length. Sequences: labels [L], or rows [L, D] of float or double;
/// L >= 1. Throws `std::invalid_argument` on an empty sequence, NaN, infinity, different widths, a negative radius.
/// Time O(n m) or O(n radius), memory O(n + m); many at a time are several times faster than one. Sakoe & Chiba 1978.
template <class Cost = cost::Default>
struct Dtw {
  static constexpr auto name = "Dtw";
  int64_t radius = std::numeric_limits<int64_t>::max();  ///< of the band, in elements, >= 0; the default is no band
  double fraction = 1;  ///< the same as a share of the longer length: radius is ceil(fraction max(n, m)) at most; >= 0
  Cost cost = {};

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  template <class Sequence>
    requires detail::Costs<Cost, Sequence>
  auto prepare(const Sequence& sequence) const {
    detail::check_at_least(name, "radius", radius, 0);
    if (!(fraction >= 0)) detail::refuse(name, "expected `fraction` to be at least 0, but got ", fraction);
    detail::check_elements(name, sequence);
    return detail::own(sequence);
  }

  template <class Owned>
  double distance(const Owned& a, const Owned& b) const {
    return detail::distance_of_one(*this, a, b);
  }

  /// From `a` to each of `others`, into `out`; fastest where neighbours in `others` are of one length.
  template <class Owned>
  void distances(const Owned& a, std::span<const Owned* const> others, double* out) const {
    detail::sweep_groups(name, detail::Warping{}, cost, a, others, [&](int64_t n, int64_t m) { return band(n, m); }, out);
  }

  /// Lower bounds of those distances, LB_Keogh (Keogh & Ratanamahatana 2005).
  template <class T>
    requires detail::grows_with_differences<Cost>
  void bounds(const RowMajor<T>& a, std::span<const RowMajor<T>* const> others, double* out) const {
    for (const auto* other : others) detail::check_pair(name, detail::view(a), detail::view(*other));
    detail::dtw_bounds<Cost>(a, others, [&](int64_t n, int64_t m) { return band(n, m); }, out);
  }

  /// The same between labels: each is aligned with one that occurs in the other sequence, within the band.
  void bounds(const std::vector<int64_t>& a, std::span<const std::vector<int64_t>* const> others, double* out) const
    requires detail::Costs<Cost, Labels>
  {
    detail::dtw_bounds(cost, a, others, [&](int64_t n, int64_t m) { return band(n, m); }, out);
  }

  /// How far from the diagonal sequences of these lengths may be aligned.
  int64_t band(int64_t n, int64_t m) const {
    const auto longer = std::max(n, m);
    const auto share = fraction < 1 ? static_cast<int64_t>(std::ceil(fraction * static_cast<double>(longer))) : longer;
    return std::max(std::min(radius, share), std::abs(n - m));
  }
};

}  // namespace idcl::trajectory
