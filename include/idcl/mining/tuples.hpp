#pragma once

#include "idcl/mining/pairing.hpp"

#include <c10/util/Exception.h>

#include <utility>

namespace idcl::mining {

/// Mined triplets: positions of an anchor, one of its positives and one of its negatives, each int64 [T]. A triplet may occur twice.
struct Triplets {
  explicit Triplets(Tensor anchor, Tensor positive, Tensor negative)
      : anchor(std::move(anchor)), positive(std::move(positive)), negative(std::move(negative)) {}
  Tensor anchor, positive, negative;
};

/// Mined pairs: positive pairs (anchor_pos, positive), int64 [P] each, and negative pairs (anchor_neg, negative), [Q] each. Anchors
/// are positions among the anchors, the others among the references. A pair may occur twice.
struct Pairs {
  explicit Pairs(Tensor anchor_pos, Tensor positive, Tensor anchor_neg, Tensor negative)
      : anchor_pos(std::move(anchor_pos)),
        positive(std::move(positive)),
        anchor_neg(std::move(anchor_neg)),
        negative(std::move(negative)) {}
  /// A triplet is a positive and a negative pair; nothing is removed.
  explicit Pairs(const Triplets& triplets) : Pairs(triplets.anchor, triplets.positive, triplets.anchor, triplets.negative) {}
  Tensor anchor_pos, positive, anchor_neg, negative;
};

/// Given pairs as a pairing: every other pair is ignored. A pair given twice counts twice where the loss sums over pairs, and is the
/// same pair where it asks who belongs to whom. Cost of a tile: its own counts, and a look at all given pairs.
struct GivenPairs {
  Pairs pairs;

  void mark(Tile& tile) const {
    tile.positive = counted(tile, pairs.anchor_pos, pairs.positive);
    tile.given_negative = counted(tile, pairs.anchor_neg, pairs.negative);
    const auto device = tile.similarity.device();
    const auto either =
        tile.positive.as_mask(tile.rows(), tile.cols(), device).logical_or(tile.given_negative->as_mask(tile.rows(), tile.cols(), device));
    tile.candidate = PairSet::mask(either);
  }

  std::vector<Tensor> read() const { return {pairs.anchor_pos, pairs.positive, pairs.anchor_neg, pairs.negative}; }

 private:
  static PairSet counted(const Tile& tile, const Tensor& anchors, const Tensor& others) {
    const auto n = tile.rows(), m = tile.cols();
    const auto i = anchors - tile.row, j = others - tile.col;
    const auto inside = i.ge(0).logical_and(i.lt(n)).logical_and(j.ge(0)).logical_and(j.lt(m));
    const auto place = (i * m + j).masked_select(inside);
    auto counts = at::zeros({n * m}, tile.similarity.options().requires_grad(false));
    counts.index_put_({place}, at::ones({place.size(0)}, counts.options()), /*accumulate=*/true);
    return PairSet::counted(counts.view({n, m}));
  }
};

static_assert(Pairing<GivenPairs>);

/// Checks given positions: integers of one length, within the sets they point into.
inline void check_positions(const char* where, const char* name, const Tensor& positions, int64_t size, const Tensor& partner) {
  TORCH_CHECK_TYPE(positions.defined() && positions.scalar_type() == at::kLong, where, ": expected `", name,
                   "` to be int64 positions, but got ",
                   positions.defined() ? c10::toString(positions.scalar_type()) : "an undefined tensor");
  TORCH_CHECK_VALUE(positions.dim() == 1 && positions.sizes() == partner.sizes(), where, ": expected `", name, "` to be [", partner.numel(),
                    "] as its partner is, but got ", positions.sizes());
  if (positions.numel() == 0) return;
  const auto low = positions.min().item<int64_t>(), high = positions.max().item<int64_t>();
  TORCH_CHECK_INDEX(low >= 0 && high < size, where, ": expected `", name, "` within [0, ", size, "), but got ", low < 0 ? low : high);
}

inline void check_pairs(const char* where, const Pairs& pairs, int64_t anchors, int64_t references) {
  check_positions(where, "anchor_pos", pairs.anchor_pos, anchors, pairs.positive);
  check_positions(where, "positive", pairs.positive, references, pairs.anchor_pos);
  check_positions(where, "anchor_neg", pairs.anchor_neg, anchors, pairs.negative);
  check_positions(where, "negative", pairs.negative, references, pairs.anchor_neg);
}

}  // namespace idcl::mining
