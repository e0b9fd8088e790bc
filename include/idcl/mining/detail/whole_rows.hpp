#pragma once

#include "idcl/core/simd.hpp"
#include "idcl/mining/detail/ground.hpp"
#include "idcl/mining/detail/row_lists.hpp"
#include "idcl/mining/detail/stretches.hpp"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

/// Miners on the CPU, a whole row of distances at a time: what an anchor is compared with is known at once, so that one sweep of the
/// products finds the hardest and lists the pairs, in order and in parallel.
namespace idcl::mining::detail {

/// An anchor and its distances to all references.
template <class T>
struct WholeRow {
  int64_t anchor;
  std::span<const int64_t> positives;  ///< references of its label, ascending, itself left out
  std::span<const T> reach;            ///< distances of those
  std::span<const T> negatives;        ///< [M], distances of all others by reference; NaN where there is no negative
};

/// Are rows looked at one by one? On other devices, tiles are.
inline bool sees_whole_rows(const Ground& ground) { return ground.blocks.u.is_cpu(); }

/// Calls `visit(first, each)` for stretches of consecutive anchors, in parallel, where `each(work)` calls work(row) for every anchor from
/// `first` on.
template <class T, class Visit>
void for_each_stretch(const Ground& ground, const Visit& visit) {
  constexpr auto nobody = std::numeric_limits<T>::quiet_NaN();
  auto blocks = ground.blocks;
  blocks.symmetric = false;
  blocks.whole_rows = true;
  blocks.side = engine::tile_height(ground.rows(), ground.cols(), blocks.u.element_size(), ground.workspace_bytes);
  if (blocks.metric.settle) blocks.metric.from_product = blocks.metric.settle;
  const bool inner = blocks.metric.is_inner();
  if (!ground.distance && inner) blocks.u = blocks.u.neg();  // a similarity counts as minus a distance
  const auto places = Places::of_labels(ground.labels.anchors.cpu(), ground.labels.references.cpu(), ground.self());
  const auto m = ground.cols();
  engine::for_each_tile(blocks, [&](const Tile& tile) {
    const auto distances = (ground.distance || inner ? tile.similarity : tile.similarity.neg()).contiguous();
    auto* all = distances.template data_ptr<T>();
    at::parallel_for(0, tile.rows(), std::max<int64_t>(1, 16384 / m), [&](int64_t begin, int64_t end) {
      std::vector<int64_t> positives;
      std::vector<T> reach;
      visit(tile.row + begin, [&](const auto& work) {
        for (auto anchor = tile.row + begin; anchor < tile.row + end; ++anchor) {
          auto* d = all + (anchor - tile.row) * m;
          positives.clear();
          reach.clear();
          places.visit(anchor, 0, m, [&](int64_t j) {
            positives.push_back(j);
            reach.push_back(d[j]);
            d[j] = nobody;
          });
          if (ground.self()) d[anchor] = nobody;
          work(WholeRow<T>{anchor, positives, reach, {d, static_cast<std::size_t>(m)}});
        }
      });
    });
  });
}

/// A value and where it is first; -1 where there is none that is finite.
template <class T>
struct Place {
  T value;
  int64_t at = -1;
};

/// Of the values within [low, high], NaN left out, the one whose product with `sign` is least; the first of equal ones.
template <class T>
Place<T> extreme(std::span<const T> values, T sign, T low, T high) {
  T best = std::numeric_limits<T>::infinity();
  if (low > high) return {sign * best};
  simd::run(simd::widest(), [&](auto bytes) __attribute__((always_inline)) {
    using V = simd::Vector<T, decltype(bytes)::value>;
    constexpr int64_t lanes = decltype(bytes)::value / sizeof(T);
    const auto n = static_cast<int64_t>(values.size());
    const V none = V{} + best;
    V found = none;
    int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
      V value;
      simd::load(value, values.data() + j);
      V within = value;
      simd::clamp(within, low, high);
      const V cost = within == value ? V(value * sign) : none;
      found = cost < found ? cost : found;
    }
    for (int64_t l = 0; l < lanes; ++l) best = std::min(best, found[l]);
    for (; j < n; ++j)
      if (const T cost = values[j] * sign; cost < best && values[j] >= low && values[j] <= high) best = cost;
  });
  if (std::isinf(best)) return {sign * std::numeric_limits<T>::infinity()};
  return {best * sign, std::find(values.begin(), values.end(), best * sign) - values.begin()};
}

template <class T>
Place<T> least(std::span<const T> values, T low = -std::numeric_limits<T>::infinity(), T high = std::numeric_limits<T>::infinity()) {
  return extreme(values, T{1}, low, high);
}
template <class T>
Place<T> largest(std::span<const T> values, T low = -std::numeric_limits<T>::infinity(), T high = std::numeric_limits<T>::infinity()) {
  return extreme(values, T{-1}, low, high);
}

/// Writes the places of those values for which a test holds, ascending; `out` has room for all. `test(found, d)` sets what holds of d, a
/// register or a number, in `found` beside what is set there; nothing for NaN. Returns how many.
template <class T, class Test>
int64_t list_where(std::span<const T> values, const Test& test, int64_t* out) {
  int64_t found = 0;
  simd::run(simd::widest(), [&](auto bytes) __attribute__((always_inline)) {
    using V = simd::Vector<T, decltype(bytes)::value>;
    const auto* s = values.data();
    const auto ask = [&](auto& wanted, int64_t at) __attribute__((always_inline)) {
      V value;
      simd::load(value, s + at);
      test(wanted, value);
    };
    for_stretches<V>(static_cast<int64_t>(values.size()), ask, [&](int64_t first, int64_t last) __attribute__((always_inline)) {
      for (auto at = first; at < last; ++at) {
        int holds = 0;
        test(holds, s[at]);
        out[found] = at;
        found += holds;
      }
    });
  });
  return found;
}

/// The pairs of each row for which tests hold: `tests(row)` -> {of positives, of negatives}, as `list_where` asks for them.
template <class T, class Tests>
Pairs list_row_pairs(const Ground& ground, const Tests& tests) {
  RowLists<1> positives, negatives;
  for_each_stretch<T>(ground, [&](int64_t first, const auto& each) {
    RowLists<1>::Part near, far;
    std::vector<int64_t> found(static_cast<std::size_t>(ground.cols()));
    each([&](const WholeRow<T>& row) {
      const auto [of_positive, of_negative] = tests(row);
      const auto count = list_where(row.reach, of_positive, found.data());
      for (int64_t k = 0; k < count; ++k) found[k] = row.positives[found[k]];
      near.append(0, found.data(), count);
      near.counts.push_back(count);
      far.counts.push_back(list_where(row.negatives, of_negative, found.data()));
      far.append(0, found.data(), far.counts.back());
    });
    positives.add(first, std::move(near));
    negatives.add(first, std::move(far));
  });
  auto [anchor_pos, positive] = positives.tensors(ground.integers());
  auto [anchor_neg, negative] = negatives.tensors(ground.integers());
  return Pairs(anchor_pos, positive, anchor_neg, negative);
}

}  // namespace idcl::mining::detail
