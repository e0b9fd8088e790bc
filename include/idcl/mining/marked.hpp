#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/pairing.hpp"

#include <limits>

namespace idcl::mining {

/// Positives marked beforehand, for all anchors and references at once: as large as the table of distances that they come from.
struct Marked {
  Tensor positives;  ///< bool [N, M]
  bool self = true;

  void mark(Tile& tile) const {
    tile.candidate = candidates(tile, self);
    tile.positive = PairSet::mask(part(positives, tile));
  }

  /// What a tile shows of a table [N, M]: [n, m].
  static Tensor part(const Tensor& table, const Tile& tile) {
    return table.narrow(0, tile.row, tile.rows()).narrow(1, tile.col, tile.cols());
  }
};

static_assert(Pairing<Marked>);

/// A table of distances that fits a scene, without gradient and without knowledge of itself: [N, M], infinite on the diagonal of a set
/// compared with itself and where a distance is NaN.
inline Tensor distances_of(const char* where, const Tensor& distances, const Scene& scene) {
  TORCH_CHECK(distances.defined(), where, ": expected `distances` to be a tensor [N, M], but got an undefined tensor");
  TORCH_CHECK_TYPE(distances.is_floating_point(), where, ": expected `distances` to be of floating type, but got ",
                   distances.scalar_type());
  TORCH_CHECK_VALUE(distances.dim() == 2 && distances.size(0) == scene.anchors.size(0) && distances.size(1) == scene.references.size(0),
                    where, ": expected `distances` [", scene.anchors.size(0), ", ", scene.references.size(0),
                    "], a row an anchor and a column a reference, but got ", distances.sizes());
  TORCH_CHECK_VALUE(distances.device() == scene.anchors.device(), where, ": expected `distances` on ", scene.anchors.device(),
                    " as the rows are, but got ", distances.device());
  constexpr auto unknown = std::numeric_limits<double>::infinity();
  auto known = distances.detach().masked_fill(distances.detach().isnan(), unknown);
  if (scene.self) known.fill_diagonal_(unknown);
  return known;
}

}  // namespace idcl::mining
