#pragma once

#include "idcl/mining/marked.hpp"

#include <utility>

namespace idcl::mining {

/// Another miner's positives, the near ones with more weight: w = exp(-d / sigma), as a pair matrix gives weights: SupCon averages by
/// them over an anchor's positives, other objectives as their documentation says.
///
///     mining::SoftWeights{.miner = mining::DistanceTopK{.distances = d, .k = 15}, .distances = d, .sigma = 0.1}
///
/// A positive of infinite or unknown (NaN) distance has next to no weight. An objective that does not honour weights is refused. Memory:
/// two tables of the distances' size.
template <Miner M>
struct SoftWeights {
  M miner;
  Tensor distances;    ///< floating [N, M], of anchors to references; a set with itself: [N, N]
  double sigma = 0.1;  ///< > 0 and finite, in the distances' unit: a positive farther by sigma weighs 1 / e as much

  template <Pairing P>
  struct Pairs {
    static constexpr bool weighted = true;
    P pairs;
    Tensor weights;  ///< exp(-(d - least d of the row) / sigma), [N, M]

    void mark(Tile& tile) const {
      pairs.mark(tile);
      const auto weight = Marked::part(weights, tile).to(tile.similarity.scalar_type());  // [n, m]
      tile.positive = PairSet::weighted(weight * tile.positive.as_mask(tile.rows(), tile.cols(), weight.device()));
    }

    std::vector<Tensor> read() const { return read_of(pairs); }
  };

  auto pair(const Scene& scene) const
    requires DirectMiner<M>
  {
    return weighted(miner.pair(scene), scene);
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
    return weighted(miner.pair(scene, rows), scene);
  }

 private:
  template <Pairing P>
  Pairs<P> weighted(P pairs, const Scene& scene) const {
    constexpr auto where = "idcl::mining::SoftWeights";
    check::positive(where, "sigma", sigma);
    const auto known = distances_of(where, distances, scene);  // [N, M]
    if (known.numel() == 0) return {std::move(pairs), known};
    const auto least = known.amin(1, /*keepdim=*/true);  // so that the nearest weighs 1, however far it is
    const auto farther = (known - least).nan_to_num(std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity());
    // No positive's weight is rounded to zero: it would not be one.
    return {std::move(pairs), (farther / -sigma).exp().clamp_min(1e-30)};
  }
};

}  // namespace idcl::mining
