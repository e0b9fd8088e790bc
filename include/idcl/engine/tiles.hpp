#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/tile.hpp"
#include "idcl/engine/product.hpp"
#include "idcl/engine/workspace.hpp"
#include "idcl/similarity/similarity.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace idcl::engine {

/// S, a pointwise function of U V^T, cut into tiles. Of a symmetric self-comparison only the tiles on and above the diagonal are
/// computed: each serves its rows, and transposed its columns.
struct Blocks {
  Tensor u;                             ///< anchors, [N, E]
  Tensor v;                             ///< references, [M, E]
  bool symmetric = true;                ///< a set with itself, and s_ij = s_ji
  int64_t side = 512;                   ///< rows and columns of a tile
  bool whole_rows = false;              ///< a tile has all columns
  at::ScalarType product = at::kFloat;  ///< the type of the products' operands; sums and states stay in u's type
  similarity::Metric metric{};
  Tensor anchor_offset{};     ///< [N], undefined where the objective reads none
  Tensor reference_offset{};  ///< [M]

  int64_t rows() const { return u.size(0); }
  int64_t cols() const { return v.size(0); }
  int64_t height() const { return std::min(side, rows()); }
  int64_t width() const { return whole_rows ? cols() : std::min(side, cols()); }
  bool mirrored(const Tile& tile) const { return symmetric && tile.row != tile.col; }

  /// A tile of these similarities at this place, with the offsets that belong there.
  Tile tile_of(const Tensor& similarity, int64_t row, int64_t col) const {
    const auto some = [](const Tensor& offset, int64_t begin, int64_t n) { return offset.defined() ? part(offset, begin, n) : offset; };
    return {.similarity = similarity,
            .row = row,
            .col = col,
            .anchor_offset = some(anchor_offset, row, similarity.size(0)),
            .reference_offset = some(reference_offset, col, similarity.size(1))};
  }

  /// The tile's mirror image: in a self-comparison its columns are anchors too.
  Tile mirror(const Tile& tile) const { return tile_of(tile.similarity.t(), tile.col, tile.row); }
};

/// How many tiles are alive at a time: the similarity, its gradient and the temporaries of an objective.
inline constexpr int64_t kTilesAlive = 8;

/// The side of square tiles of which `workspace_bytes` holds `kTilesAlive`. Tiles are no larger than the second-level cache likes, and a
/// quarter of a small self-comparison, so that half of its products is saved there too; and no larger than the same number of equal ones.
inline int64_t tile_side(int64_t rows, int64_t cols, bool symmetric, int64_t itemsize, int64_t workspace_bytes) {
  constexpr int64_t kLargest = 1024, kSmallest = 256;  // below, ATen gives a tile to one thread
  const auto fits = static_cast<int64_t>(std::sqrt(static_cast<double>(workspace_bytes) / static_cast<double>(kTilesAlive * itemsize)));
  auto side = std::min(fits, kLargest);
  if (symmetric) side = std::min(side, std::max(kSmallest, (rows + 7) / 8));
  const auto longest = std::max<int64_t>(1, std::max(rows, cols));
  side = std::clamp<int64_t>(side, 1, longest);
  const auto parts = (longest + side - 1) / side;
  return (longest + parts - 1) / parts;
}

/// How many whole rows a tile may have, so that `workspace_bytes` holds all that is alive at a time; one at least, and equal parts. An
/// objective that sees whole rows also keeps lists of positions: twice as many tiles.
inline int64_t tile_height(int64_t rows, int64_t cols, int64_t itemsize, int64_t workspace_bytes) {
  constexpr int64_t kLargest = 1024;
  const auto most = std::clamp<int64_t>(workspace_bytes / (2 * kTilesAlive * itemsize * std::max<int64_t>(cols, 1)), 1, kLargest);
  const auto parts = std::max<int64_t>((rows + most - 1) / most, 1);
  return std::max<int64_t>((rows + parts - 1) / parts, 1);
}

/// Calls `visit(tile)` for every tile, none of its pairs marked, never holding more than one.
///
/// All products have one shape; the last ones reach back over the ones before and show what is left. A product rounds by its shape:
/// with several, equal rows would differ in the last digit, and ties would not be ties.
template <class Visit>
void for_each_tile(const Blocks& blocks, Visit&& visit) {
  const auto height = blocks.height(), width = blocks.width();
  const auto buffer = Workspace::of_this_thread().take(height * width, blocks.u.options()).view({height, width});
  for (int64_t row = 0; row < blocks.rows(); row += height) {
    const auto n = std::min(height, blocks.rows() - row);
    const auto anchors = part(blocks.u, row + n - height, height);
    for (int64_t col = blocks.symmetric ? row : 0; col < blocks.cols(); col += width) {
      const auto m = std::min(width, blocks.cols() - col);
      const auto references = part(blocks.v, col + m - width, width);
      const auto mirrored = blocks.symmetric && row == col && height == width ? Mirrored::Yes : Mirrored::No;
      put_product(buffer, anchors, references, blocks.product, mirrored);
      const auto rows = part(buffer, height - n, n), similarity = m == width ? rows : rows.narrow(1, width - m, m);
      visit(blocks.tile_of(blocks.metric(similarity, part(anchors, height - n, n), part(references, width - m, m)), row, col));
    }
  }
}

}  // namespace idcl::engine
