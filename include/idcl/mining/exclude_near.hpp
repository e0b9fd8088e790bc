#pragma once

#include "idcl/mining/marked.hpp"

namespace idcl::mining {

/// Another miner's pairs without likely false negatives: a reference that is near an anchor and not its positive is ignored rather
/// than pushed away.
///
///     mining::ExcludeNear{.miner = mining::TopK{.k = 15}, .distances = d, .nearer_than = 0.2}
///
/// Positives stay positives, whatever their distance. A distance that is NaN excludes nobody. Memory: the table and a mask of its size.
template <Miner M>
struct ExcludeNear {
  M miner;
  Tensor distances;          ///< floating [N, M], of anchors to references; a set with itself: [N, N]
  double nearer_than = 0.2;  ///< > 0 and finite, in the distances' unit

  template <Pairing P>
  struct Pairs {
    P pairs;
    Tensor near;  ///< bool [N, M]
    bool weighted;

    void mark(Tile& tile) const {
      pairs.mark(tile);
      const auto n = tile.rows(), m = tile.cols();
      const auto device = tile.similarity.device();
      const auto spared = Marked::part(near, tile).logical_and(tile.positive.as_mask(n, m, device).logical_not());  // [n, m]
      tile.candidate = tile.candidate.without(PairSet::mask(spared), n, m, device);
      if (tile.given_negative) tile.given_negative = tile.given_negative->without(PairSet::mask(spared), n, m, device);
    }

    std::vector<Tensor> read() const { return read_of(pairs); }
  };

  auto pair(const Scene& scene) const
    requires DirectMiner<M>
  {
    return excluding(miner.pair(scene), scene);
  }

  auto fold(const Scene& scene) const
    requires FoldingMiner<M>
  {
    return miner.fold(scene);
  }

  template <class Rows>
  auto pair(const Scene& scene, const Rows& rows) const
    requires FoldingMiner<M>
  {
    return excluding(miner.pair(scene, rows), scene);
  }

 private:
  template <Pairing P>
  Pairs<P> excluding(P pairs, const Scene& scene) const {
    constexpr auto where = "idcl::mining::ExcludeNear";
    check::positive(where, "nearer_than", nearer_than);
    const auto weighted = is_weighted(pairs);
    return {std::move(pairs), distances_of(where, distances, scene).lt(nearer_than), weighted};
  }
};

}  // namespace idcl::mining
