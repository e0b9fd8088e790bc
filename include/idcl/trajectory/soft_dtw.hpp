#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/groups.hpp"
#include "idcl/trajectory/detail/soft.hpp"
#include "idcl/trajectory/measure.hpp"

#include <concepts>
#include <limits>
#include <span>

namespace idcl::trajectory {

namespace detail {

/// Sequences in double: exponentials of differences over gamma want every digit.
inline std::vector<int64_t> own_in_double(const Labels& labels) { return own(labels); }
template <class T>
RowMajor<double> own_in_double(const Frames<T>& frames) {
  return frames.template cast<double>();
}

/// Have tensors of numbers gradients at this cost?
template <class Cost>
inline constexpr bool has_slopes = std::same_as<Cost, cost::Default> || std::same_as<Cost, cost::SquaredEuclidean>;

/// Soft-DTW from `a` to each of `others`.
template <class Cost, class Sequence>
void soft_distances(const char* where, double gamma, const Cost& cost, const Sequence& a, std::span<const Sequence* const> others,
                    double* out) {
  const auto no_band = [](int64_t, int64_t) { return std::numeric_limits<int64_t>::max(); };
  sweep_groups(where, Softening{gamma}, cost, a, others, no_band, out);
}

}  // namespace detail

/// Soft-DTW: dynamic time warping with a soft minimum, differentiable in both sequences.
///
///     R(i, j) = c(x_i, y_j) - gamma log(exp(-R(i-1, j-1) / gamma) + exp(-R(i-1, j) / gamma) + exp(-R(i, j-1) / gamma)),   d = R(n, m)
///
/// It tends to `Dtw` as gamma goes to 0, may be negative, and is not zero between equal sequences: `SoftDtwDivergence` is. Computed in
/// double, in log space: no gamma overflows. Sequences: labels [L], or rows [L, D] of float or double; L >= 1. Tensors of numbers get
/// gradients with the default cost (`<idcl/trajectory/torch.hpp>`). Throws `std::invalid_argument` on an empty sequence, NaN, infinity,
/// different widths, gamma <= 0. Time O(n m), memory O(n + m). Cuturi & Blondel 2017, eq. 3.
template <class Cost = cost::Default>
struct SoftDtw {
  static constexpr auto name = "SoftDtw";
  static constexpr bool debiased = false;
  static constexpr bool slopes = detail::has_slopes<Cost>;
  double gamma = 1;  ///< > 0, in the unit of the cost
  Cost cost = {};

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  template <class Sequence>
    requires detail::Costs<Cost, Sequence>
  auto prepare(const Sequence& sequence) const {
    detail::check_positive(name, "gamma", gamma);
    detail::check_elements(name, sequence);
    return detail::own_in_double(sequence);
  }

  template <class Owned>
  double distance(const Owned& a, const Owned& b) const {
    return detail::distance_of_one(*this, a, b);
  }

  /// From `a` to each of `others`, into `out`.
  template <class Owned>
  void distances(const Owned& a, std::span<const Owned* const> others, double* out) const {
    detail::soft_distances(name, gamma, cost, a, others, out);
  }
};

}  // namespace idcl::trajectory
