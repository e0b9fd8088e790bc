#pragma once

#include "idcl/mining/listed.hpp"
#include "idcl/mining/nearest.hpp"
#include "idcl/mining/pairing.hpp"

#include <algorithm>
#include <limits>

#include <c10/util/Exception.h>

namespace idcl::mining {

/// Is an element compared with itself among its negatives?
enum class SelfPair { Ignored, Negative };

/// The k most similar references are an anchor's positives, every other one is a negative. Equal similarities go to the lower index.
///
/// Mined in the loss's own similarities, or elsewhere: `loss(text, mining::in(audio))`. An element is never its own neighbour. k
/// beyond the number of others is clamped to it; no negative is left then, and a loss over positives and negatives is constant:
/// that is warned of once. Cost: one sweep of the similarities, and 2 N k numbers.
struct TopK {
  int64_t k = 15;                     ///< >= 1, positives an anchor
  SelfPair self = SelfPair::Ignored;  ///< Negative: an element stands in its own denominator

  struct Pairs {
    Tensor list;         ///< int64 [N, k]
    int64_t references;  ///< M
    bool self;
    SelfPair self_pair;

    Tensor positives() const { return list; }
    Places places(int64_t /*n*/, int64_t /*m*/) const { return Places::listed(list, self && self_pair == SelfPair::Ignored); }
    void mark_candidates(Tile& tile) const;
    void mark(Tile& tile) const;
  };

  /// How many neighbours an anchor of this scene has.
  int64_t neighbours(const Scene& scene) const {
    TORCH_CHECK(k >= 1, "idcl::mining::TopK: expected `k` >= 1, but got ", k);
    const auto others = std::max<int64_t>(scene.references.size(0) - (scene.self ? 1 : 0), 0);
    if (k >= others && others > 0 && self == SelfPair::Ignored) {
      TORCH_WARN_ONCE("idcl::mining::TopK: k = ", k, " makes positives of all ", others,
                      " others; without a negative the loss is constant and has no gradient. Use a smaller k or a larger batch.");
    }
    return std::min(k, others);
  }

  Nearest fold(const Scene& scene) const { return {.k = neighbours(scene), .self = scene.self}; }
  Pairs pair(const Scene& scene, const Nearest::Rows& rows) const { return {rows.indices, scene.references.size(0), scene.self, self}; }
};

inline void TopK::Pairs::mark_candidates(Tile& tile) const {
  tile.candidate = candidates(tile, self && self_pair == SelfPair::Ignored);
  tile.positive = PairSet::none();
}

inline void TopK::Pairs::mark(Tile& tile) const {
  mark_candidates(tile);
  // An anchor that NaN left without neighbours: its loss is NaN too.
  const auto lost = list.narrow(0, tile.row, tile.rows()).lt(0).any(1, /*keepdim=*/true);  // [n, 1]
  tile.similarity = tile.similarity + lost.to(tile.similarity.scalar_type()).masked_fill_(lost, std::numeric_limits<double>::quiet_NaN());
  tile.positive = PairSet::mask(listed_in(list, tile).logical_or_(lost));
}

static_assert(FoldingMiner<TopK> && ListedPairing<TopK::Pairs>);

}  // namespace idcl::mining
