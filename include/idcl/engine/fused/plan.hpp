#pragma once

#include "idcl/engine/fused/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace idcl::engine::fused {

/// A tile of S: anchors [row, row + rows) against references [col, col + cols), and where it begins in the memory of all tiles. Its first
/// rows and columns may belong to tiles before it: those are skipped.
struct Place {
  int64_t row, col, rows, cols, skipped_rows, skipped_cols, offset;
  int64_t stride() const { return (cols + kLanes - 1) / kLanes * kLanes; }
  int64_t floats() const { return rows * stride(); }
  int64_t first_row() const { return row + skipped_rows; }
  int64_t first_col() const { return col + skipped_cols; }
  bool on_diagonal() const { return row == col; }
};

/// How S is cut. Of a symmetric S, only the tiles on and above the diagonal, all square; each serves its rows and its columns. All tiles
/// have one shape, the last of a row or column reaching back over the one before: a product rounds by its shape, and with several
/// equal rows would differ in the last digit.
struct Plan {
  int64_t n, m;
  bool symmetric;
  int64_t height, width;  ///< of a tile

  /// Rows that one thread takes at a time, with sums of its own for the columns.
  static constexpr int64_t strip = 64;

  static Plan of(int64_t n, int64_t m, bool symmetric, int64_t workspace_bytes) {
    constexpr int64_t smallest = 128, largest = 512;
    const auto floats = std::max<int64_t>(workspace_bytes / static_cast<int64_t>(sizeof(float)), 1);
    const auto fits = std::max<int64_t>(static_cast<int64_t>(std::sqrt(static_cast<double>(floats) / 2)), 1);  // half of it for tiles
    const auto height = equal_parts(n, std::min(fits, symmetric ? std::clamp<int64_t>(n / 4, smallest, largest) : largest));
    return {n, m, symmetric, height, symmetric ? height : equal_parts(m, std::min(fits, largest))};
  }

  /// Tiles of some rows and all columns.
  static Plan of_rows(int64_t n, int64_t m, int64_t workspace_bytes) {
    constexpr int64_t largest = 256;
    const auto fits = workspace_bytes / 2 / static_cast<int64_t>(sizeof(float)) / std::max<int64_t>(m, 1);
    return {n, m, /*symmetric=*/false, equal_parts(n, std::clamp<int64_t>(fits, 1, largest)), std::max<int64_t>(m, 1)};
  }

  /// All of S in one.
  static Plan of_one(int64_t n, int64_t m) { return {n, m, /*symmetric=*/false, std::max<int64_t>(n, 1), std::max<int64_t>(m, 1)}; }

  /// Calls `visit(place)` for every tile, row by row.
  template <class Visit>
  void for_each(Visit&& visit) const {
    int64_t offset = 0;
    for (int64_t row = 0; row < n; row += height) {
      const auto first_row = std::max<int64_t>(std::min(row, n - height), 0);
      for (int64_t col = symmetric ? row : 0; col < m; col += width) {
        const auto first_col = std::max<int64_t>(std::min(col, m - width), 0);
        const Place place{first_row, first_col, height, width, row - first_row, col - first_col, offset};
        offset += place.floats();
        visit(place);
      }
    }
  }

  int64_t tiles() const {
    const auto down = (n + height - 1) / height, across = (m + width - 1) / width;
    return symmetric ? down * (down + 1) / 2 : down * across;
  }
  int64_t tile_floats() const { return height * padded_width(); }
  int64_t padded_width() const { return (width + kLanes - 1) / kLanes * kLanes; }
  int64_t strips() const { return (height + strip - 1) / strip; }

 private:
  static int64_t equal_parts(int64_t size, int64_t most) {
    const auto parts = std::max<int64_t>((size + most - 1) / most, 1);
    return std::max<int64_t>((size + parts - 1) / parts, 1);
  }
};

}  // namespace idcl::engine::fused
