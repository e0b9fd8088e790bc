#pragma once

#include "idcl/core/fold.hpp"
#include "idcl/core/simd.hpp"
#include "idcl/mining/detail/best.hpp"
#include "idcl/mining/detail/stretches.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

namespace idcl::mining {

/// The k most similar references of each anchor, as a fold over tiles in any order. Equal similarities go to the lower index;
/// a NaN is nobody's neighbour. State: k values, descending, and their int64 indices a row; index -1 where too few were seen.
struct Nearest {
  static constexpr int passes = 1;
  int64_t k = 15;
  bool self = true;  ///< an element is not its own neighbour

  struct Rows {
    Tensor values;   ///< [n, k]
    Tensor indices;  ///< int64 [n, k]
    auto members() { return std::tie(values, indices); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    return {at::full({n, k}, -std::numeric_limits<double>::infinity(), options), at::full({n, k}, -1, options.dtype(at::kLong))};
  }

  void update(Rows& rows, const Tile& tile, int pass) const;
  void merge(Rows& rows, const Rows& other) const;

 private:
  template <class T>
  void scan(Rows& rows, const Tile& tile) const;
};

/// Keeps the k best of both, ordered by value and then by index.
inline void Nearest::merge(Rows& rows, const Rows& other) const {
  const auto values = at::cat({rows.values, other.values}, 1);  // [n, 2k]
  const auto indices = at::cat({rows.indices, other.indices}, 1);
  const auto by_index =
      std::get<1>(indices.masked_fill(indices < 0, std::numeric_limits<int64_t>::max()).sort(/*stable=*/true, 1, /*descending=*/false));
  const auto by_value = std::get<1>(values.gather(1, by_index).sort(/*stable=*/true, 1, /*descending=*/true)).narrow(1, 0, k);
  const auto order = by_index.gather(1, by_value);
  rows.values = values.gather(1, order);
  rows.indices = indices.gather(1, order);
}

inline void Nearest::update(Rows& rows, const Tile& tile, int /*pass*/) const {
  if (k == 0 || tile.cols() == 0) return;
  if (tile.similarity.is_cpu() && tile.similarity.scalar_type() == at::kFloat) return scan<float>(rows, tile);
  if (tile.similarity.is_cpu() && tile.similarity.scalar_type() == at::kDouble) return scan<double>(rows, tile);
  const auto bottom = -std::numeric_limits<double>::infinity();
  auto similarity = tile.similarity.nan_to_num(bottom, std::numeric_limits<double>::infinity(), bottom);
  if (self) similarity = PairSet::off_diagonal(tile.col - tile.row).keep(similarity, bottom);
  auto [values, columns] = similarity.sort(/*stable=*/true, 1, /*descending=*/true);
  const auto found = std::min(k, tile.cols());
  values = values.narrow(1, 0, found);
  merge(rows, {values, (columns.narrow(1, 0, found) + tile.col).masked_fill(values.eq(bottom), -1)});
}

namespace detail {

/// Calls `look(j)` for the j in [0, n), ascending, with s[j] >= bar[j], or >= bar[0] where there is one bar for all; `look` may raise it.
template <int bytes, bool one_bar, class T, class Look>
[[gnu::always_inline]] inline void reaching(const T* s, const T* bar, int64_t n, const Look& look) {
  using V = simd::Vector<T, bytes>;
  const auto ask = [&](auto& wanted, int64_t at) __attribute__((always_inline)) {
    V value, limit = V{} + bar[0];
    simd::load(value, s + at);
    if constexpr (!one_bar) simd::load(limit, bar + at);
    wanted |= value >= limit;
  };
  for_stretches<V>(n, ask, [&](int64_t first, int64_t last) __attribute__((always_inline)) {
    for (auto j = first; j < last; ++j)
      if (s[j] >= bar[one_bar ? 0 : j]) look(j);
  });
}

}  // namespace detail

/// One compare an element: after a few tiles hardly any similarity exceeds its row's k-th best. A row's first tile is not offered
/// one by one: nearly all of it would move.
template <class T>
void Nearest::scan(Rows& rows, const Tile& tile) const {
  const auto n = tile.rows(), m = tile.cols();
  const auto similarity = tile.similarity.stride(0) == 1 || tile.similarity.stride(1) == 1 ? tile.similarity : tile.similarity.contiguous();
  const auto row_stride = similarity.stride(0), col_stride = similarity.stride(1);
  rows.values = rows.values.contiguous();
  rows.indices = rows.indices.contiguous();
  const T* s = similarity.const_data_ptr<T>();
  T* values = rows.values.data_ptr<T>();
  int64_t* indices = rows.indices.data_ptr<int64_t>();

  /// Row i's list with reference j in it, if it belongs there.
  const auto offer = [&](int64_t i, int64_t j, T value) {
    T* v = values + i * k;
    int64_t* x = indices + i * k;
    const auto index = tile.col + j;
    const auto before = [&](int64_t at) { return value > v[at] || (value == v[at] && (index < x[at] || x[at] < 0)); };
    int64_t at = k - 1;
    if ((self && tile.row + i == index) || !before(at)) return;
    for (; at > 0 && before(at - 1); --at) v[at] = v[at - 1], x[at] = x[at - 1];
    v[at] = value, x[at] = index;
  };
  at::parallel_for(0, n, std::max<int64_t>(1, 16384 / m), [&](int64_t begin, int64_t end) {
    simd::run(simd::widest(), [&](auto bytes) __attribute__((always_inline)) {
      constexpr int width = bytes;
      bool fresh = true;  // nothing seen by any row yet
      for (int64_t i = begin; i < end; ++i) fresh = fresh && indices[i * k] < 0;
      if (fresh) {
        detail::Best<T> best(m);
        std::vector<T> copy(static_cast<std::size_t>(col_stride == 1 ? 0 : m));
        for (int64_t i = begin; i < end; ++i) {
          const T* row = s + i * row_stride;
          for (std::size_t j = 0; j < copy.size(); ++j) copy[j] = row[static_cast<int64_t>(j) * col_stride];
          best.template find<width>(copy.empty() ? row : copy.data(), m, k, self ? tile.row + i - tile.col : -1, tile.col, values + i * k,
                                    indices + i * k);
        }
      } else if (col_stride == 1) {
        for (int64_t i = begin; i < end; ++i) {
          const T* row = s + i * row_stride;
          detail::reaching<width, true>(row, values + i * k + k - 1, m, [&](int64_t j) { offer(i, j, row[j]); });
        }
      } else {
        std::vector<T> last(static_cast<std::size_t>(end - begin));  // of each row's list
        for (int64_t i = begin; i < end; ++i) last[static_cast<std::size_t>(i - begin)] = values[i * k + k - 1];
        for (int64_t j = 0; j < m; ++j) {
          const T* column = s + begin * row_stride + j * col_stride;
          detail::reaching<width, false>(column, last.data(), end - begin, [&](int64_t i) {
            offer(begin + i, j, column[i]);
            last[static_cast<std::size_t>(i)] = values[(begin + i) * k + k - 1];
          });
        }
      }
    });
  });
}

static_assert(Fold<Nearest>);

}  // namespace idcl::mining
