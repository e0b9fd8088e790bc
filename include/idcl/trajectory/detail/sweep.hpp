#pragma once

#include "idcl/trajectory/detail/lane_costs.hpp"

#include <array>
#include <limits>

/// The dynamic programmes of alignments: R(i, j) from R(i-1, j-1), R(i-1, j) and R(i, j-1), for as many pairs at a time as a register has
/// lanes. Rows are taken four at a time and along anti-diagonals of those four, so that four cells wait for no other.
namespace idcl::trajectory::detail {

inline constexpr int strip_height = 4;

/// R(i, j) = c + min(...)
struct Warping {
  template <class T>
  static T border(int64_t i) {
    return i == 0 ? T{0} : std::numeric_limits<T>::infinity();
  }
  template <class V, class T>
  [[gnu::always_inline]] void cell(V& result, T* cost, const V& diagonal, const V& up, const V& left) const {
    V c, least;
    load(c, cost);
    minimum(least, diagonal, up);
    minimum(least, least, left);
    result = c + least;
  }
};

/// R(i, j) = min(R(i-1, j-1) + c, R(i-1, j) + 1, R(i, j-1) + 1)
struct Editing {
  template <class T>
  static T border(int64_t i) {
    return static_cast<T>(i);
  }
  template <class V, class T>
  [[gnu::always_inline]] void cell(V& result, T* cost, const V& diagonal, const V& up, const V& left) const {
    V c, gap;
    load(c, cost);
    minimum(gap, up, left);
    const V substituted = diagonal + c, inserted = gap + T{1};
    minimum(result, substituted, inserted);
  }
};

/// Rows first to first + R - 1, columns low to high (from 1) of one register's lanes. `above` [m + 1] holds the row before and then the last
/// row of these; the cost of row r, column j is costs[(r stride + j - low) lanes].
template <int R, class V, class Step, class T>
[[gnu::always_inline]] inline void strip(const Step& step, int64_t first, int64_t low, int64_t high, T* costs, int64_t stride, T* above) {
  constexpr int64_t all = lanes<T>;
  constexpr auto infinity = std::numeric_limits<T>::infinity();
  V now[R], before[R], corner;  // of row r, one and two columns back; R(first - 1, column - 1)
  load(corner, above + (low - 1) * all);
  for (int r = 0; r < R; ++r) now[r] = before[r] = V{} + (low == 1 ? Step::template border<T>(first + r) : infinity);
  if (low == 1) store(above, now[R - 1]);
  const auto advance = [&](int64_t t, auto all_rows) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int r = R - 1; r >= 0; --r) {
      const auto j = t - r;
      if (!all_rows && (j < low || j > high)) continue;
      V up = now[r > 0 ? r - 1 : 0], diagonal = before[r > 0 ? r - 1 : 0], result;
      if (r == 0) {
        diagonal = corner;
        load(up, above + j * all);
        corner = up;
      }
      step.cell(result, costs + (r * stride + j - low) * all, diagonal, up, now[r]);
      before[r] = now[r];
      now[r] = result;
      if (r == R - 1) store(above + j * all, result);
    }
  };
  auto t = low;
  for (; t < low + R - 1; ++t) advance(t, std::false_type{});
  for (; t <= high; ++t) advance(t, std::true_type{});
  for (; t < high + R; ++t) advance(t, std::false_type{});
}

/// Cells outside of their own lane's band cost infinity.
template <class T>
void close_band(const std::array<int64_t, lanes<T>>& band, int64_t i, int64_t low, int64_t high, T* costs) {
  for (int l = 0; l < lanes<T>; ++l) {
    for (auto j = low; j < i - band[l]; ++j) costs[(j - low) * lanes<T> + l] = std::numeric_limits<T>::infinity();
    for (auto j = std::max(low, i + band[l] + 1); j <= high; ++j) costs[(j - low) * lanes<T> + l] = std::numeric_limits<T>::infinity();
  }
}

/// R(n, m) of every lane. `band[l]`: how far from the diagonal lane l may go. `table`: where the costs of all cells go and stay, row i,
/// column j at [((i - 1) m + j - 1) lanes], or null, and then no more than four rows of them are held.
template <int bytes, class Step, class Cost, class T, class Sequence>
[[gnu::always_inline]] inline void sweep_with(const Step& step, const Cost& cost, const Packed<T, Sequence>& a,
                                              const Packed<T, Sequence>& b, const std::array<int64_t, lanes<T>>& band, T* table,
                                              std::array<T, lanes<T>>& result) {
  using V = Vector<T, bytes>;
  constexpr int64_t all = lanes<T>, part = bytes / static_cast<int64_t>(sizeof(T));
  const auto widest_band = *std::max_element(band.begin(), band.end());
  const auto n = a.length, m = b.length;
  const bool banded = *std::min_element(band.begin(), band.end()) < std::max(n, m);
  std::vector<T> above((m + 1) * all), few(table ? 0 : strip_height * m * all);
  for (int64_t j = 0; j <= m; ++j) std::fill_n(above.begin() + j * all, all, Step::template border<T>(j));
  const auto rows = [&](auto height, int64_t i) __attribute__((always_inline)) {
    constexpr int R = decltype(height)::value;
    const auto low = std::max<int64_t>(1, i - widest_band), high = widest_band >= m ? m : std::min(m, i + R - 1 + widest_band);
    const auto stride = table ? m : high - low + 1;
    T* costs = table ? table + ((i - 1) * m + low - 1) * all : few.data();
    fill_costs<R, V>(cost, a, b, i, low, high, costs, stride);
    if (banded)
      for (int r = 0; r < R; ++r) close_band<T>(band, i + r, low, high, costs + r * stride * all);
    for (int64_t l = 0; l < all; l += part) strip<R, V>(step, i, low, high, costs + l, stride, above.data() + l);
  };
  for (int64_t i = 1; i <= n;) {
    auto stop = n;  // lanes may end at different rows: there a strip ends too
    for (int l = 0; l < all; ++l)
      if (a.length_of(l) >= i) stop = std::min(stop, a.length_of(l));
    for (; i + strip_height - 1 <= stop; i += strip_height) rows(std::integral_constant<int, strip_height>{}, i);
    for (; i <= stop; ++i) rows(std::integral_constant<int, 1>{}, i);
    for (int l = 0; l < all; ++l)
      if (a.length_of(l) == stop) result[l] = above[b.length_of(l) * all + l];
  }
}

template <class Step, class Cost, class T, class Sequence>
std::array<T, lanes<T>> sweep(const Step& step, const Cost& cost, const Packed<T, Sequence>& a, const Packed<T, Sequence>& b,
                              const std::array<int64_t, lanes<T>>& band, T* table = nullptr) {
  std::array<T, lanes<T>> result{};
  widest([&](auto bytes) __attribute__((always_inline)) { sweep_with<decltype(bytes)::value>(step, cost, a, b, band, table, result); });
  return result;
}

}  // namespace idcl::trajectory::detail
