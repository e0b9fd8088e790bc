#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/packed.hpp"

#include <cmath>

namespace idcl::trajectory::detail {

/// A cost that is a sum over numbers of a function of their difference, so that all lanes are computed at once: exact, and exactly
/// zero for equal rows, where |x|^2 + |y|^2 - 2 x y of a matrix product is neither. Any other cost is called lane by lane.
template <class Cost, class Sequence>
struct Lanewise {
  static constexpr bool possible = false;
};

struct SumOfDifferences {
  static constexpr bool possible = true;
  template <class V>
  [[gnu::always_inline]] static void finish(V&) {}
};

template <class T>
struct Lanewise<cost::SquaredEuclidean, RowMajor<T>> : SumOfDifferences {
  template <class V>
  [[gnu::always_inline]] static void add(V& sum, const V& difference) {
    sum += difference * difference;
  }
};
template <class T>
struct Lanewise<cost::Euclidean, RowMajor<T>> : Lanewise<cost::SquaredEuclidean, RowMajor<T>> {
  template <class V>
  [[gnu::always_inline]] static void finish(V& sum) {
    for (std::size_t l = 0; l < sizeof(V) / sizeof(T); ++l) sum[l] = std::sqrt(sum[l]);
  }
};
template <class T>
struct Lanewise<cost::Absolute, RowMajor<T>> : SumOfDifferences {
  template <class V>
  [[gnu::always_inline]] static void add(V& sum, const V& difference) {
    sum += difference < T{0} ? -difference : difference;
  }
};
template <>
struct Lanewise<cost::ZeroOne, std::vector<int64_t>> : SumOfDifferences {
  template <class V>
  [[gnu::always_inline]] static void add(V& sum, const V& difference) {
    const V zeros{}, ones = zeros + 1.0;
    sum += difference == zeros ? zeros : ones;
  }
};
template <class T>
struct Lanewise<cost::Default, RowMajor<T>> : Lanewise<cost::SquaredEuclidean, RowMajor<T>> {};
template <>
struct Lanewise<cost::Default, std::vector<int64_t>> : Lanewise<cost::ZeroOne, std::vector<int64_t>> {};

/// Costs of rows first to first + R - 1 against columns low to high (from 1), all lanes: that of row r, column j goes to
/// out[(r stride + j - low) lanes].
template <int R, class V, class Cost, class T, class Sequence>
[[gnu::always_inline]] inline void fill_costs(const Cost& cost, const Packed<T, Sequence>& a, const Packed<T, Sequence>& b, int64_t first,
                                              int64_t low, int64_t high, T* out, int64_t stride) {
  constexpr int64_t step = sizeof(V) / sizeof(T), all = lanes<T>;
  if constexpr (Lanewise<Cost, Sequence>::possible) {
    using Sum = Lanewise<Cost, Sequence>;
    const auto width = a.width;
    for (int64_t l = 0; l < all; l += step) {
      const T* x = a.numbers.data() + (first - 1) * width * all + l;
      for (int64_t j = low; j <= high; ++j) {
        const T* y = b.numbers.data() + (j - 1) * width * all + l;
        V sums[R] = {};
        for (int64_t d = 0; d < width; ++d) {
          V number;
          load(number, y + d * all);
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            V other;
            load(other, x + (r * width + d) * all);
            const V difference = other - number;
            Sum::add(sums[r], difference);
          }
        }
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          Sum::finish(sums[r]);
          store(out + (r * stride + j - low) * all + l, sums[r]);
        }
      }
    }
  } else {
    for (int l = 0; l < all; ++l) {
      const auto x = view(*a.sequences[l]), y = view(*b.sequences[l]);
      for (int r = 0; r < R; ++r)
        for (int64_t j = low; j <= high; ++j) {
          const bool inside = first + r <= length(x) && j <= length(y);
          out[(r * stride + j - low) * all + l] = inside ? static_cast<T>(cost(element(x, first + r - 1), element(y, j - 1))) : T{0};
        }
    }
  }
}

}  // namespace idcl::trajectory::detail
