#pragma once

#include "idcl/mining/detail/ground.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace idcl::mining::detail {

/// Pairs found tile by tile in any order; `sorted` gives them by anchor, then by reference.
class PairList {
 public:
  explicit PairList(int64_t references) : references_(std::max<int64_t>(references, 1)) {}

  void add(const Tile& tile, const Tensor& mask) {
    const auto found = mask.nonzero();  // [t, 2]
    if (found.size(0) > 0) keys_.push_back((found.select(1, 0) + tile.row) * references_ + (found.select(1, 1) + tile.col));
  }

  /// {anchors, references}, int64 [P] each.
  std::pair<Tensor, Tensor> sorted(const at::TensorOptions& integers) const {
    if (keys_.empty()) return {at::empty({0}, integers), at::empty({0}, integers)};
    const auto keys = std::get<0>(at::cat(keys_).sort());
    return {keys.floor_divide(references_), keys.remainder(references_)};
  }

 private:
  int64_t references_;
  std::vector<Tensor> keys_;
};

/// The pairs that `select` keeps: tile -> {positives [n, m], negatives [n, m]}, boolean.
template <class Select>
Pairs list_pairs(const Ground& ground, const Select& select) {
  PairList positives(ground.cols()), negatives(ground.cols());
  ground.for_each([&](const Tile& tile) {
    const auto [positive, negative] = select(tile);
    positives.add(tile, positive);
    negatives.add(tile, negative);
  });
  auto [anchor_pos, positive] = positives.sorted(ground.integers());
  auto [anchor_neg, negative] = negatives.sorted(ground.integers());
  return Pairs(anchor_pos, positive, anchor_neg, negative);
}

/// A tile's positives and negatives as boolean masks, [n, m].
inline Tensor positive_mask(const Tile& tile) { return tile.positive.as_mask(tile.rows(), tile.cols(), tile.similarity.device()); }
inline Tensor negative_mask(const Tile& tile) { return tile.negative().as_mask(tile.rows(), tile.cols(), tile.similarity.device()); }

/// A row's number beside its tile: [N] -> [n, 1].
inline Tensor beside(const Tile& tile, const Tensor& of_row) { return of_row.narrow(0, tile.row, tile.rows()).unsqueeze(1); }

/// How many references have each anchor's label, itself included where it is one: int64 [N].
inline Tensor class_sizes(const Labels::Pairs& labels) {
  const auto order = std::get<0>(labels.references.to(at::kLong).sort()), anchors = labels.anchors.to(at::kLong);
  return at::searchsorted(order, anchors, /*out_int32=*/false, /*right=*/true) - at::searchsorted(order, anchors);
}

/// Each anchor's positives by ascending index, -1 behind the last: int64 [N, P], P the most that any has. From the labels alone.
inline Tensor list_positives(const Ground& ground) {
  const auto n = ground.rows(), m = ground.cols();
  const auto anchors = ground.labels.anchors.to(at::kLong);
  const auto [sorted, order] = ground.labels.references.to(at::kLong).sort(/*stable=*/true, 0, /*descending=*/false);  // [M]
  const auto begin = at::searchsorted(sorted, anchors).unsqueeze(1);                                                   // [N, 1]
  const auto size = class_sizes(ground.labels).unsqueeze(1);
  const auto width = n > 0 && m > 0 ? size.max().item<int64_t>() : 0;
  if (width == 0) return at::empty({n, 0}, ground.integers());
  const auto slot = at::arange(width, ground.integers()).unsqueeze(0);  // [1, P]
  auto list = order.index_select(0, (begin + slot).clamp_max(m - 1).view({-1})).view({n, width}).masked_fill(slot.ge(size), -1);
  if (!ground.self()) return list;
  // the anchor itself goes behind the others
  const auto own = at::arange(n, ground.integers()).unsqueeze(1);
  const auto last = list.lt(0).logical_or(list.eq(own)).to(at::kLong);
  list = list.masked_fill(list.eq(own), -1).gather(1, std::get<1>(last.sort(/*stable=*/true, 1, /*descending=*/false)));
  return list.narrow(1, 0, width - 1);
}

}  // namespace idcl::mining::detail
