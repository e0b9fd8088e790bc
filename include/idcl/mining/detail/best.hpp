#pragma once

#include "idcl/core/simd.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace idcl::mining::detail {

/// A bar that at least k of s[0, n) reach, as high as one look at each tells: the lowest of the maxima of at least k groups; -infinity
/// where groups would have but one element each.
template <int bytes, class T>
[[gnu::always_inline]] inline T bar_for(const T* s, int64_t n, int64_t k) {
  using V = simd::Vector<T, bytes>;
  constexpr int64_t lanes = sizeof(V) / sizeof(T), most = 128;
  constexpr T bottom = -std::numeric_limits<T>::infinity();
  const auto groups = (k + lanes - 1) / lanes * lanes;
  if (groups > most || n < 2 * groups) return bottom;
  std::array<T, most> highest;
  std::fill_n(highest.begin(), groups, bottom);
  for (int64_t j = 0; j + groups <= n; j += groups)
    for (int64_t g = 0; g < groups; g += lanes) {
      V x, top;
      simd::load(x, s + j + g);
      simd::load(top, highest.data() + g);
      top = x > top ? x : top;  // not where x is NaN
      simd::store(highest.data() + g, top);
    }
  return *std::min_element(highest.begin(), highest.begin() + groups);
}

/// The best of a row's similarities, all at once: what a list that is empty gets from its first tile.
template <class T>
class Best {
 public:
  struct Candidate {
    T value;
    int64_t index;
  };

  explicit Best(int64_t most) : candidates_(static_cast<std::size_t>(most) + 1) {}

  /// Writes the best k of s[0, n) but `own` to values and their places + first to indices, descending, equal values by their places; a NaN
  /// is none of them. Returns how many there are.
  template <int bytes>
  [[gnu::always_inline]] int64_t find(const T* s, int64_t n, int64_t k, int64_t own, int64_t first, T* values, int64_t* indices) {
    const T bar = bar_for<bytes>(s, n, k + 1);  // one may be the row's own
    auto* end = candidates_.data();
    for (int64_t j = 0; j < n; ++j) {
      *end = {s[j], first + j};
      end += s[j] >= bar && j != own;  // without a branch: half of the time it would be mispredicted
    }
    return take(end, k, values, indices);
  }

 private:
  std::vector<Candidate> candidates_;

  int64_t take(Candidate* end, int64_t k, T* values, int64_t* indices) {
    auto* begin = candidates_.data();
    const auto found = std::min<int64_t>(k, end - begin);
    std::partial_sort(begin, begin + found, end, [](const Candidate& a, const Candidate& b) {
      return a.value > b.value || (a.value == b.value && a.index < b.index);
    });
    for (int64_t at = 0; at < found; ++at) values[at] = begin[at].value, indices[at] = begin[at].index;
    return found;
  }
};

}  // namespace idcl::mining::detail
