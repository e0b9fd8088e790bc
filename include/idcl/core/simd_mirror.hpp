#pragma once

#include "idcl/core/simd_transpose.hpp"

#include <algorithm>
#include <cstdint>

/// Square matrices and their mirror images, a block of registers at a time.
namespace idcl::simd {

namespace detail {

/// The numbers at (i, j) and at (j, i), both above the diagonal or on it, become what `join(above, below)` makes of them; for the blocks
/// and, at the edges, the numbers with i in [row, row + n) and j in [col, col + m), i <= j.
template <int bytes, class Join>
[[gnu::always_inline]] inline void mirror(float* data, int64_t stride, int64_t row, int64_t n, int64_t col, int64_t m, const Join& join) {
  using V = Vector<float, bytes>;
  constexpr int64_t lanes = bytes / static_cast<int64_t>(sizeof(float));
  if (n == lanes && m == lanes && row + n <= col) {
    V x[lanes];
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k) load(x[k], data + (col + k) * stride + row);
    transpose(x);
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k) {
      V above;
      load(above, data + (row + k) * stride + col);
      join(x[k], above);
      store(data + (row + k) * stride + col, x[k]);
    }
    transpose(x);
#pragma GCC unroll 16
    for (int64_t k = 0; k < lanes; ++k) store(data + (col + k) * stride + row, x[k]);
    return;
  }
  for (int64_t i = row; i < row + n; ++i) {
    for (int64_t j = std::max(col, i); j < col + m; ++j) {
      float &below = data[j * stride + i], &above = data[i * stride + j];
      join(below, above);
      above = below;
    }
  }
}

/// The same for rows [0, col + m) of some columns.
template <int bytes, class Join>
[[gnu::always_inline]] inline void mirror_columns(float* data, int64_t stride, int64_t col, int64_t m, const Join& join) {
  constexpr int64_t lanes = bytes / static_cast<int64_t>(sizeof(float));
  for (int64_t j = col; j < col + m; j += lanes) {
    const auto width = std::min(lanes, col + m - j);
    for (int64_t i = 0; i < j + width; i += lanes) mirror<bytes>(data, stride, i, std::min(lanes, j + width - i), j, width, join);
  }
}

}  // namespace detail

/// What is above the diagonal in columns [col, col + m) goes below it too.
inline void copy_above_below(Isa isa, float* data, int64_t stride, int64_t col, int64_t m) {
  run(isa, [&](auto bytes) __attribute__((always_inline)) {
    detail::mirror_columns<bytes>(data, stride, col, m,
                                  [](auto& below, const auto& above) __attribute__((always_inline)) { below = above; });
  });
}

/// g_ij and g_ji both become their sum, for the columns j in [col, col + m) and i <= j.
inline void add_above_and_below(Isa isa, float* data, int64_t stride, int64_t col, int64_t m) {
  run(isa, [&](auto bytes) __attribute__((always_inline)) {
    detail::mirror_columns<bytes>(data, stride, col, m,
                                  [](auto& below, const auto& above) __attribute__((always_inline)) { below += above; });
  });
}

}  // namespace idcl::simd
