#pragma once

#include "idcl/core/simd_transpose.hpp"

#include <algorithm>
#include <cstdint>

/// Products of matrices no larger than the cache likes, by one thread: as fast as the processor multiplies, where a library may go by the
/// maker's name. Columns are gathered in panels as wide as two registers, which several rows then run along together, their sums in registers.
///
/// Each number of a product is summed in the same order whatever the shape and wherever it stands: equal rows have equal products.
namespace idcl::simd {

/// A matrix in memory, any way round.
struct Matrix {
  const float* data;
  int64_t row_stride, col_stride;

  const float* at(int64_t i, int64_t j) const { return data + i * row_stride + j * col_stride; }
  Matrix from(int64_t i, int64_t j) const { return {at(i, j), row_stride, col_stride}; }
};

/// Where a product goes: rows of its own, whose numbers lie side by side.
struct Product {
  float* data;
  int64_t rows, cols, stride;
  bool adds;  ///< to what is there, which is not read otherwise
};

/// Columns of a panel.
template <int bytes>
inline constexpr int64_t kPanel = 2 * bytes / static_cast<int64_t>(sizeof(float));

namespace detail {

/// Rows of a panel, usually and at most: it stays near the first-level cache.
inline constexpr int64_t kDepth = 256, kDeepest = 384;

/// Rows that run along a panel together: the sums of each take two registers, of 32 where they have 64 bytes, else of 16.
template <int bytes>
inline constexpr int kRows = bytes == 64 ? 8 : 6;

/// The first `cols` columns of b, `depth` rows of them `stride` apart, and the last of them again up to whole registers.
template <int bytes>
[[gnu::always_inline]] inline void pack(float* panel, const Matrix& b, int64_t depth, int64_t cols, int64_t stride = kPanel<bytes>) {
  using V = Vector<float, bytes>;
  constexpr int64_t lanes = kPanel<bytes> / 2;
  int64_t k = 0;
  if (b.col_stride == 1 && cols == kPanel<bytes>) {
    for (; k < depth; ++k) {
      std::memcpy(panel + k * stride, b.at(k, 0), cols * sizeof(float));
      __builtin_prefetch(b.at(k, cols), 0, 2);  // the next panel's, which lie too far apart to be foreseen
    }
  } else if (b.row_stride == 1) {
    const auto whole = depth / lanes * lanes;
    for (int64_t j = 0; j < cols; j += lanes) {
      for (k = 0; k < whole; k += lanes) {
        V x[lanes];
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i) load(x[i], b.at(k, std::min(j + i, cols - 1)));
        transpose(x);
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i) store(panel + (k + i) * stride + j, x[i]);
      }
    }
  }
  for (; k < depth; ++k)
    for (int64_t j = 0; j < (cols + lanes - 1) / lanes * lanes; ++j) panel[k * stride + j] = *b.at(k, std::min(j, cols - 1));
}

/// Some rows of a times the first registers of a panel, from the `first` of these rows on.
template <int bytes, int rows, int registers>
[[gnu::always_inline]] inline void multiply_rows(const Product& out, const Matrix& a, const float* panel, int64_t depth, int first) {
  using V = Vector<float, bytes>;
  constexpr int64_t width = kPanel<bytes>, lanes = width / 2;
  V sums[rows][registers];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 2
    for (int r = 0; r < registers; ++r) sums[i][r] = V{};
  for (int64_t k = 0; k < depth; ++k) {
    V b[registers];
#pragma GCC unroll 2
    for (int r = 0; r < registers; ++r) load(b[r], panel + k * width + r * lanes);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const V x = *a.at(i, k) - V{};  // less nothing is no instruction; plus nothing is one, which makes 0 of -0
#pragma GCC unroll 2
      for (int r = 0; r < registers; ++r) sums[i][r] += x * b[r];
    }
  }
  constexpr int64_t whole = registers * lanes;
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    if (i < first) continue;
    float *to = out.data + i * out.stride, some[whole];
    const bool fits = out.cols == whole;
    auto* row = fits ? to : some;
#pragma GCC unroll 2
    for (int r = 0; r < registers; ++r) {
      V before{};
      if (fits && out.adds) load(before, to + r * lanes);
      store(row + r * lanes, V(before + sums[i][r]));
    }
    if (!fits)
      for (int64_t j = 0; j < out.cols; ++j) to[j] = out.adds ? to[j] + some[j] : some[j];
  }
}

/// All rows of a times a panel.
template <int bytes, int registers>
[[gnu::always_inline]] inline void multiply_panel(const Product& out, const Matrix& a, const float* panel, int64_t depth) {
  constexpr int rows = kRows<bytes>;
  const auto from = [&](int64_t i) __attribute__((always_inline)) {
    return Product{out.data + i * out.stride, out.rows - i, out.cols, out.stride, out.adds};
  };
  if (out.rows < rows) {
    for (int64_t i = 0; i < out.rows; ++i) multiply_rows<bytes, 1, registers>(from(i), a.from(i, 0), panel, depth, 0);
  } else {
    for (int64_t done = 0; done < out.rows; done += rows) {
      const auto i = std::min(done, out.rows - rows);  // the last ones reach back over those before
      multiply_rows<bytes, rows, registers>(from(i), a.from(i, 0), panel, depth, static_cast<int>(done - i));
    }
  }
}

/// All rows of a, no deeper than a panel, times b, panel after panel.
template <int bytes>
[[gnu::always_inline]] inline void multiply_panels(const Product& out, const Matrix& a, const Matrix& b, int64_t depth) {
  constexpr int64_t width = kPanel<bytes>;
  alignas(64) float panel[kDeepest * width];
  for (int64_t j = 0; j < out.cols; j += width) {
    const Product part{out.data + j, out.rows, std::min(width, out.cols - j), out.stride, out.adds};
    pack<bytes>(panel, b.from(0, j), depth, part.cols);
    if (part.cols <= width / 2) {
      multiply_panel<bytes, 1>(part, a, panel, depth);
    } else {
      multiply_panel<bytes, 2>(part, a, panel, depth);
    }
  }
}

/// Rows whose numbers lie apart are gathered first, some at a time: one by one each would be a line of the cache.
template <int bytes>
[[gnu::always_inline]] inline void multiply(const Product& out, const Matrix& a, const Matrix& b, int64_t depth) {
  constexpr int64_t lanes = kPanel<bytes> / 2, at_a_time = 144, stride = kDeepest + 16;  // no power of two, for the cache's sake
  alignas(64) float gathered[at_a_time * stride];
  const auto parts = std::max<int64_t>(1, (depth + kDepth / 2) / kDepth), deep = (depth + parts * lanes - 1) / (parts * lanes) * lanes;
  for (int64_t k = 0; k < depth; k += deep) {
    const auto here = std::min(deep, depth - k);
    const bool gathers = a.col_stride != 1 && out.rows >= kRows<bytes>;
    const auto together = gathers ? at_a_time : out.rows;
    for (int64_t i = 0; i < out.rows; i += together) {
      const Product some{out.data + i * out.stride, std::min(together, out.rows - i), out.cols, out.stride, out.adds || k > 0};
      auto rows = a.from(i, k);
      if (gathers) {
        pack<bytes>(gathered, rows, some.rows, here, stride);
        rows = {gathered, stride, 1};
      }
      multiply_panels<bytes>(some, rows, b.from(k, 0), here);
    }
  }
}

}  // namespace detail

/// out = a b, or out += a b, summed over `depth` columns of a.
inline void multiply(Isa isa, const Product& out, const Matrix& a, const Matrix& b, int64_t depth) {
  run(isa, [&](auto bytes) __attribute__((always_inline)) { detail::multiply<bytes>(out, a, b, depth); });
}

}  // namespace idcl::simd
