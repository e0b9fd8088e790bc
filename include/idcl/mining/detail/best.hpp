#pragma once

#include "idcl/core/simd.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
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

/// The best of a row's similarities, all at once: what a list that is empty gets from its first tile. Hardly a branch depends on
/// them, since half of those would be mispredicted.
template <class T>
class Best {
 public:
  /// Of rows of up to `most` similarities.
  explicit Best(int64_t most) : values_(static_cast<std::size_t>(most + kLanes)), indices_(values_.size()) {}

  /// Writes the best k of s[0, n) but `own` to values and their places + first to indices, descending, equal values by their places; a NaN
  /// is none of them.
  template <int bytes>
  [[gnu::always_inline]] void find(const T* s, int64_t n, int64_t k, int64_t own, int64_t first, T* values, int64_t* indices) {
    const T bar = bar_for<bytes>(s, n, k + 1);  // one may be the row's own
    T* value = values_.data();
    int64_t *index = indices_.data(), count = 0;
    for (int64_t j = 0; j < n; ++j) {
      value[count] = s[j];
      index[count] = first + j;
      count += s[j] >= bar && j != own;
    }
    if (count > kFew) return sort(count, k, values, indices);

    std::array<Rank, kFew + kLanes> ranks;
    rank<bytes>(count, ranks.data());
    const auto found = std::min(k, count);
    std::array<T, kFew + 1> best_values;  // the last for those that are not among the best
    std::array<int64_t, kFew + 1> best_indices;
    for (int64_t i = 0; i < count; ++i) {
      const auto to = static_cast<std::size_t>(std::min<int64_t>(ranks[static_cast<std::size_t>(i)], found));
      best_values[to] = value[i];
      best_indices[to] = index[i];
    }
    std::copy_n(best_values.begin(), found, values);
    std::copy_n(best_indices.begin(), found, indices);
  }

 private:
  using Rank = std::conditional_t<sizeof(T) == sizeof(int32_t), int32_t, int64_t>;
  static constexpr int64_t kFew = 128, kLanes = 16;  ///< candidates that are ranked by counting; at most as many in a register

  /// Nothing as often as there are lanes, then -1.
  static constexpr auto kAfter = [] {
    std::array<Rank, 2 * kLanes> result{};
    for (std::size_t at = kLanes; at < result.size(); ++at) result[at] = -1;
    return result;
  }();

  std::vector<T> values_;
  std::vector<int64_t> indices_;

  /// How many of the candidates, in ascending order of places, are better than each.
  template <int bytes>
  [[gnu::always_inline]] void rank(int64_t count, Rank* ranks) const {
    using V = simd::Vector<T, bytes>;
    using Ranks = simd::Vector<Rank, bytes>;
    constexpr int64_t lanes = sizeof(V) / sizeof(T);
    const T* value = values_.data();
    for (int64_t i = 0; i < count; i += lanes) {
      V x;
      simd::load(x, value + i);
      Ranks better{};  // minus their number: a comparison that holds is -1
      const auto inside = std::min(i + lanes, count);
      for (int64_t j = 0; j < i; ++j) better += value[j] >= x;
      for (int64_t j = i; j < inside; ++j) {
        Ranks after;  // of the register's, those with a later place
        simd::load(after, kAfter.data() + kLanes - 1 - (j - i));
        better += value[j] > x;
        better += value[j] == x ? after : Ranks{};
      }
      for (int64_t j = inside; j < count; ++j) better += value[j] > x;
      simd::store(ranks + i, Ranks(-better));
    }
  }

  void sort(int64_t count, int64_t k, T* values, int64_t* indices) const {
    std::vector<int64_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), int64_t{0});
    const auto found = std::min(k, count);
    const auto* value = values_.data();
    std::partial_sort(order.begin(), order.begin() + found, order.end(),
                      [&](int64_t a, int64_t b) { return value[a] > value[b] || (value[a] == value[b] && a < b); });
    for (int64_t at = 0; at < found; ++at) {
      values[at] = value[order[static_cast<std::size_t>(at)]];
      indices[at] = indices_[static_cast<std::size_t>(order[static_cast<std::size_t>(at)])];
    }
  }
};

}  // namespace idcl::mining::detail
