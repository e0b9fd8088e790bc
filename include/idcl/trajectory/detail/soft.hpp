#pragma once

#include "idcl/trajectory/detail/sweep.hpp"

#include <array>
#include <limits>
#include <vector>

namespace idcl::trajectory::detail {

/// R(i, j) = c - gamma log(sum of exp(-R / gamma) over the three before), by differences from their least, so that no exponential
/// exceeds 1 and one is exactly 1, at any gamma.
struct Softening {
  double gamma;

  template <class T>
  static T border(int64_t i) {
    return Warping::border<T>(i);
  }

  /// `to_higher`, `to_rest` = exp(-(what the other two are above the least) / gamma), total = 1 + both.
  template <class V>
  [[gnu::always_inline]] static void shares(const V& diagonal, const V& up, const V& left, double inverse, V& least, V& to_higher,
                                            V& to_rest) {
    const V lower = diagonal < up ? diagonal : up, higher = diagonal < up ? up : diagonal;
    const V rest = lower < left ? left : lower;
    least = lower < left ? lower : left;
    const V a = (least - higher) * inverse, b = (least - rest) * inverse;
    exp_of_negative(to_higher, a);
    exp_of_negative(to_rest, b);
  }

  template <class V>
  [[gnu::always_inline]] void cell(V& result, double* cost, const V& diagonal, const V& up, const V& left) const {
    V c, least, higher, rest, logarithm;
    load(c, cost);
    shares(diagonal, up, left, 1 / gamma, least, higher, rest);
    const V total = 1.0 + (higher + rest);  // the same with the sequences exchanged
    log_of_one_to_three(logarithm, total);
    result = c + (least - gamma * logarithm);
  }
};

/// The same, and the cell's cost is overwritten by the share of `up` in its value, d R(i, j) / d R(i-1, j); that of `left` goes
/// `to_left` numbers further on.
struct SofteningWithShares : Softening {
  int64_t to_left;

  template <class V>
  [[gnu::always_inline]] void cell(V& result, double* cost, const V& diagonal, const V& up, const V& left) const {
    V c, least, higher, rest, logarithm;
    load(c, cost);
    shares(diagonal, up, left, 1 / gamma, least, higher, rest);
    const V total = 1.0 + (higher + rest);  // the same with the sequences exchanged
    log_of_one_to_three(logarithm, total);
    result = c + (least - gamma * logarithm);
    const V one = 1.0 / total, of_higher = higher * one, of_rest = rest * one;
    const V lower = diagonal < up ? diagonal : up;
    const V of_left = lower < left ? of_rest : one, of_lower = lower < left ? one : of_rest;
    const V of_up = diagonal < up ? of_higher : of_lower;
    store(cost, of_up);
    store(cost + to_left, of_left);
  }
};

/// Values and gradients of a register's pairs; the gradients are packed as the sequences are.
struct SoftGradient {
  std::array<double, lanes<double>> value;
  std::vector<double> a, b;
};

/// E(i, j) = d R(n, m) / d c(i, j), the expected alignment, from the last row back; `use(i, j, E)` is called with each. The shares of rows
/// are in `up` and `left`, [n, m, lanes]; lanes may end anywhere.
template <class V, class Use>
[[gnu::always_inline]] inline void expect_alignment(int64_t n, int64_t m, const int64_t* rows, const int64_t* columns, const double* up,
                                                    const double* left, std::vector<double>& scratch, const Use& use) {
  constexpr int64_t all = lanes<double>, part = sizeof(V) / sizeof(double);
  scratch.assign((m + 2) * part, 0.0);  // E(i + 1, .), then E(i, .)
  for (auto i = n; i >= 1; --i) {
    V right{}, below_right{};  // E(i, j + 1), E(i + 1, j + 1)
    for (auto j = m; j >= 1; --j) {
      V below, expected{};
      load(below, scratch.data() + j * part);
      if (i < n) {
        V share;
        load(share, up + (i * m + j - 1) * all);
        expected += share * below;
        if (j < m) {
          V next_up, next_left;
          load(next_up, up + (i * m + j) * all);
          load(next_left, left + (i * m + j) * all);
          expected += (1.0 - next_up - next_left) * below_right;
        }
      }
      if (j < m) {
        V share;
        load(share, left + ((i - 1) * m + j) * all);
        expected += share * right;
      }
      for (int64_t l = 0; l < part; ++l)
        if (rows[l] == i && columns[l] == j) expected[l] += 1;
      below_right = below;
      right = expected;
      store(scratch.data() + j * part, expected);
      use(i, j, expected);
    }
  }
}

/// Gradients of soft-DTW over squared Euclidean costs: d/dx_i = 2 sum_j E(i, j) (x_i - y_j), d/dy_j = -2 sum_i E(i, j) (x_i - y_j).
template <class Sequence>
SoftGradient soft_gradient(double gamma, const Packed<double, Sequence>& a, const Packed<double, Sequence>& b) {
  constexpr int64_t all = lanes<double>;
  const auto n = a.length, m = b.length, width = a.width;
  std::array<int64_t, all> no_band, rows, columns;
  no_band.fill(std::numeric_limits<int64_t>::max());
  for (int l = 0; l < all; ++l) rows[l] = a.length_of(l), columns[l] = b.length_of(l);
  std::vector<double> shares(2 * n * m * all), scratch;
  SoftGradient result;
  result.a.assign(a.numbers.size(), 0.0);
  result.b.assign(b.numbers.size(), 0.0);
  const SofteningWithShares step{{gamma}, n * m * all};
  result.value = sweep(step, cost::SquaredEuclidean{}, a, b, no_band, shares.data());
  widest([&](auto bytes) __attribute__((always_inline)) {
    using V = Vector<double, decltype(bytes)::value>;
    constexpr int64_t part = sizeof(V) / sizeof(double);
    for (int64_t l = 0; l < all; l += part) {
      const auto slopes = [&](int64_t i, int64_t j, const V& expected) __attribute__((always_inline)) {
        for (int64_t d = 0; d < width; ++d) {
          const auto at_x = ((i - 1) * width + d) * all + l, at_y = ((j - 1) * width + d) * all + l;
          V x, y, to_x, to_y;
          load(x, a.numbers.data() + at_x);
          load(y, b.numbers.data() + at_y);
          load(to_x, result.a.data() + at_x);
          load(to_y, result.b.data() + at_y);
          const V slope = 2.0 * expected * (x - y);
          to_x += slope;
          to_y -= slope;
          store(result.a.data() + at_x, to_x);
          store(result.b.data() + at_y, to_y);
        }
      };
      expect_alignment<V>(n, m, rows.data() + l, columns.data() + l, shares.data() + l, shares.data() + n * m * all + l, scratch, slopes);
    }
  });
  return result;
}

}  // namespace idcl::trajectory::detail
