#pragma once

#include "idcl/mining/pairing.hpp"

namespace idcl::mining {

/// A tile's pairs that a list names: bool [n, m]. list: int64 [N, k], references of each anchor, below zero for none.
inline Tensor listed_in(const Tensor& list, const Tile& tile) {
  const auto m = tile.cols();
  const auto column = list.narrow(0, tile.row, tile.rows()) - tile.col;  // [n, k]
  const auto outside = column.lt(0).logical_or_(column.ge(m));
  auto mask = at::zeros({tile.rows(), m + 1}, list.options().dtype(at::kBool));  // the last column takes what lies outside
  mask.scatter_(1, column.masked_fill(outside, m), true);
  return mask.narrow(1, 0, m);
}

/// Positives listed beforehand, as many as there are: an anchor may have fewer than k, or none and no term.
struct Listed {
  Tensor list;  ///< int64 [N, k], each reference once; -1 where there is none
  bool self = true;
  double pruned = 0;  ///< the share of pairs that a lower bound made it unnecessary to measure

  void mark(Tile& tile) const {
    tile.candidate = candidates(tile, self);
    tile.positive = PairSet::mask(listed_in(list, tile));
  }

  Places places(int64_t /*n*/, int64_t /*m*/) const {
    auto places = Places::listed(list.cpu(), self);
    for (const auto i : places.lost) {
      auto& group = places.groups[static_cast<std::size_t>(i)];
      while (group.begin < group.end && places.members[static_cast<std::size_t>(group.begin)] < 0) ++group.begin;
    }
    places.lost.clear();
    return places;
  }
};

static_assert(PlacedPairing<Listed>);

}  // namespace idcl::mining
