#pragma once

#include "idcl/losses/detail/label_loss.hpp"

#include <tuple>
#include <vector>

namespace idcl::detail {

/// How many of `references` have each anchor's label: int64 [N].
inline Tensor same_label(const Tensor& labels, const Tensor& references) {
  const auto sorted = std::get<0>(references.to(at::kLong).sort());
  const auto sought = labels.to(at::kLong).contiguous();
  return at::searchsorted(sorted, sought, /*out_int32=*/false, /*right=*/true) - at::searchsorted(sorted, sought);
}

/// The pairs of anchors that have a positive and a negative, as a pairing: who has only one of them has nothing to rank. In a set
/// compared with itself a pair counts in both orders, whichever of its elements is the anchor that has both.
struct RankedPairs {
  mining::Labels::Pairs labels;
  Tensor ranked;  ///< has the anchor both? bool [N]

  explicit RankedPairs(const LabelArguments& of) : labels{of.labels, of.is_self() ? of.labels : of.reference_labels, of.is_self()} {
    const auto same = same_label(of.labels, labels.references);
    ranked = same.gt(of.is_self() ? 1 : 0).logical_and(same < labels.references.size(0));
  }

  void mark(Tile& tile) const {
    labels.mark(tile);
    const auto anchor = ranked.narrow(0, tile.row, tile.rows()).unsqueeze(1);                               // [n, 1]
    const auto counts = labels.self ? anchor.logical_or(ranked.narrow(0, tile.col, tile.cols())) : anchor;  // [n, m] or [n, 1]
    const auto negative = tile.negative().as_mask(tile.rows(), tile.cols(), tile.similarity.device());
    const auto positive = tile.positive.as_mask(tile.rows(), tile.cols(), tile.similarity.device());
    tile.positive = PairSet::mask(positive.logical_and(counts));
    tile.given_negative = PairSet::mask(negative.logical_and(counts));
  }

  std::vector<Tensor> read() const { return labels.read(); }
};

static_assert(Pairing<RankedPairs>);

/// The same of given pairs: those of anchors that have both, each once, in a set compared with itself in one order. Triplets are as given.
inline mining::Pairs ranked_pairs(const LabelArguments& of) {
  const auto m = of.others().size(0);
  const auto& given = *of.pairs;
  const auto once = [&](const Tensor& anchors, const Tensor& others, const Tensor& elsewhere) {
    const auto kept = at::isin(anchors, elsewhere).nonzero().select(1, 0);
    auto i = anchors.index_select(0, kept), j = others.index_select(0, kept);
    if (of.is_self()) std::tie(i, j) = std::tuple(at::minimum(i, j), at::maximum(i, j));
    const auto keys = std::get<0>(at::_unique2(i * m + j));
    return std::pair{m > 0 ? at::floor_divide(keys, m) : keys, m > 0 ? keys.remainder(m) : keys};
  };
  const auto [anchor_pos, positive] = once(given.anchor_pos, given.positive, given.anchor_neg);
  const auto [anchor_neg, negative] = once(given.anchor_neg, given.negative, given.anchor_pos);
  return mining::Pairs(anchor_pos, positive, anchor_neg, negative);
}

}  // namespace idcl::detail
