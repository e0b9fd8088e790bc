#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/pairing.hpp"

namespace idcl::mining {

/// Another miner's pairs, without the negatives that are too similar to be ones: those above a threshold are ignored.
///
///     ContrastiveLoss{Cosine{}, mining::ExcludeFalseNegatives{mining::Diagonal{}, 0.9}, InfoNCE{}}
///
/// Judged by the similarity that the loss compares with, as it is in this step; there is no gradient through the choice. Cost: a mask a
/// tile. Positives that are listed (`TopK`) are marked in the tiles instead.
template <Miner M>
struct ExcludeFalseNegatives {
  M miner;
  double threshold = 0.9;  ///< finite, in units of similarity
  bool distance = false;   ///< are small values close? Then negatives below the threshold are ignored

  template <Pairing P>
  struct Pairs {
    P pairs;
    double threshold;
    bool distance, weighted;

    void mark(Tile& tile) const {
      pairs.mark(tile);
      const auto n = tile.rows(), m = tile.cols();
      const auto device = tile.similarity.device();
      const auto s = tile.similarity.detach();
      const auto kept = tile.negative().as_mask(n, m, device).logical_and((distance ? s < threshold : s > threshold).logical_not());
      tile.candidate = PairSet::mask(kept.logical_or(tile.positive.as_mask(n, m, device)));
      tile.given_negative = PairSet::mask(kept);
    }

    std::vector<Tensor> read() const { return read_of(pairs); }
  };

  auto pair(const Scene& scene) const
    requires DirectMiner<M>
  {
    return exclude(miner.pair(scene));
  }

  auto fold(const Scene& scene) const
    requires FoldingMiner<M>
  {
    return miner.fold(scene);
  }

  template <class Rows>
    requires FoldingMiner<M>
  auto pair(const Scene& scene, const Rows& rows) const {
    return exclude(miner.pair(scene, rows));
  }

 private:
  template <Pairing P>
  Pairs<P> exclude(const P& pairs) const {
    check::finite("idcl::mining::ExcludeFalseNegatives", "threshold", threshold);
    return {pairs, threshold, distance, is_weighted(pairs)};
  }
};

template <Miner M>
ExcludeFalseNegatives(M, double = 0.9, bool = false) -> ExcludeFalseNegatives<M>;

}  // namespace idcl::mining
