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

/// Rows of a panel: as wide as two registers it stays in the first-level cache.
inline constexpr int64_t kDepth = 256;

/// Rows that run along a panel together: the sums of each take two registers, of 32 where they have 64 bytes, else of 16.
template <int bytes>
inline constexpr int kRows = bytes == 64 ? 8 : 6;

/// The first `cols` columns of b, `depth` rows of them one after the other, with zeros up to a panel's width.
template <int bytes>
[[gnu::always_inline]] inline void pack(float* panel, const Matrix& b, int64_t depth, int64_t cols) {
  using V = Vector<float, bytes>;
  constexpr int64_t width = kPanel<bytes>, lanes = width / 2;
  int64_t k = 0;
  if (cols == width && b.col_stride == 1) {
    for (; k < depth; ++k) std::memcpy(panel + k * width, b.at(k, 0), width * sizeof(float));
  } else if (cols == width && b.row_stride == 1) {
    for (; k + lanes <= depth; k += lanes) {
      for (int64_t j = 0; j < width; j += lanes) {
        V x[lanes];
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i) load(x[i], b.at(k, j + i));
        transpose(x);
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i) store(panel + (k + i) * width + j, x[i]);
      }
    }
  }
  for (; k < depth; ++k)
    for (int64_t j = 0; j < width; ++j) panel[k * width + j] = j < cols ? *b.at(k, j) : 0;
}

/// Some rows of a times a panel, from the `first` of them on.
template <int bytes, int rows>
[[gnu::always_inline]] inline void multiply_rows(const Product& out, const Matrix& a, const float* panel, int64_t depth, int first) {
  using V = Vector<float, bytes>;
  constexpr int64_t width = kPanel<bytes>, lanes = width / 2;
  V sums[rows][2];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) sums[i][0] = sums[i][1] = V{};
  for (int64_t k = 0; k < depth; ++k) {
    V b0, b1;
    load(b0, panel + k * width);
    load(b1, panel + k * width + lanes);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const V x = V{} + *a.at(i, k);
      sums[i][0] += x * b0;
      sums[i][1] += x * b1;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    if (i < first) continue;
    float* row = out.data + i * out.stride;
    if (out.cols == width) {
#pragma GCC unroll 2
      for (int64_t half = 0; half < 2; ++half) {
        V before{};
        if (out.adds) load(before, row + half * lanes);
        store(row + half * lanes, V(before + sums[i][half]));
      }
    } else {
      float some[width];
      store(some, sums[i][0]);
      store(some + lanes, sums[i][1]);
      for (int64_t j = 0; j < out.cols; ++j) row[j] = out.adds ? row[j] + some[j] : some[j];
    }
  }
}

template <int bytes>
[[gnu::always_inline]] inline void multiply(const Product& out, const Matrix& a, const Matrix& b, int64_t depth) {
  constexpr int rows = kRows<bytes>;
  constexpr int64_t width = kPanel<bytes>;
  alignas(64) float panel[kDepth * width];
  for (int64_t k = 0; k < depth; k += kDepth) {
    const auto deep = std::min(kDepth, depth - k);
    for (int64_t j = 0; j < out.cols; j += width) {
      const auto cols = std::min(width, out.cols - j);
      pack<bytes>(panel, b.from(k, j), deep, cols);
      const auto from = [&](int64_t i) __attribute__((always_inline)) {
        return Product{out.data + i * out.stride + j, out.rows - i, cols, out.stride, out.adds || k > 0};
      };
      if (out.rows < rows) {
        for (int64_t i = 0; i < out.rows; ++i) multiply_rows<bytes, 1>(from(i), a.from(i, k), panel, deep, 0);
        continue;
      }
      for (int64_t done = 0; done < out.rows; done += rows) {
        const auto i = std::min(done, out.rows - rows);  // the last ones reach back over those before
        multiply_rows<bytes, rows>(from(i), a.from(i, k), panel, deep, static_cast<int>(done - i));
      }
    }
  }
}

}  // namespace detail

/// out = a b, or out += a b, summed over `depth` columns of a.
inline void multiply(Isa isa, const Product& out, const Matrix& a, const Matrix& b, int64_t depth) {
  run(isa, [&](auto bytes) __attribute__((always_inline)) { detail::multiply<bytes>(out, a, b, depth); });
}

}  // namespace idcl::simd
