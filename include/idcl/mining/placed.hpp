#pragma once

#include "idcl/mining/pairing.hpp"

#include <memory>

namespace idcl::mining {

/// Positives whose places are known beforehand, of each anchor as many as it has: one without any has no term. Memory: linear in the
/// anchors and the positives.
struct Placed {
  std::shared_ptr<const Places> positives;
  double pruned = 0;  ///< the share of pairs that a lower bound made it unnecessary to measure

  void mark(Tile& tile) const {
    const auto m = tile.cols();
    const auto mask = at::zeros({tile.rows(), m}, at::kBool);
    auto* row = mask.data_ptr<bool>();
    for (int64_t i = tile.row; i < tile.row + tile.rows(); ++i, row += m)
      positives->visit(i, tile.col, tile.col + m, [&](int64_t j) { row[j - tile.col] = true; });
    tile.candidate = candidates(tile, positives->skips_self);
    tile.positive = PairSet::mask(mask.to(tile.similarity.device()));
  }

  Places places(int64_t /*n*/, int64_t /*m*/) const { return *positives; }
};

static_assert(PlacedPairing<Placed>);

}  // namespace idcl::mining
