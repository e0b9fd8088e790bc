#pragma once

#include "idcl/mining/detail/listing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace idcl::mining {

/// Options of `hdc`.
struct HDCOptions {
  static constexpr auto name = "idcl::mining::hdc";
  /// In (0, 1]: the share of positive pairs, and of negative pairs, that is taken.
  double filter_percentage = 0.5;
  /// What is compared.
  similarity::Any similarity = similarity::Euclidean{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// The k pairs of largest value among all that are added, never holding many more than those; equal values go to the lower pair.
class LargestPairs {
 public:
  LargestPairs(int64_t k, int64_t references, const at::TensorOptions& options)
      : k_(k),
        references_(std::max<int64_t>(references, 1)),
        values_{at::empty({0}, options)},
        keys_{at::empty({0}, options.dtype(at::kLong))} {}

  void add(const Tile& tile, const Tensor& value, const Tensor& mask) {
    if (k_ == 0) return;
    const auto found = mask.logical_and(value >= bound_).nonzero();  // [t, 2], no NaN
    const auto i = found.select(1, 0), j = found.select(1, 1);
    if (found.size(0) == 0) return;
    values_.push_back(value.index({i, j}));
    keys_.push_back((i + tile.row) * references_ + (j + tile.col));
    held_ += found.size(0);
    if (held_ >= 2 * k_ + kSlack) prune();
  }

  /// {anchors, references}, by anchor and reference.
  std::pair<Tensor, Tensor> sorted() {
    prune();
    const auto keys = std::get<0>(at::cat(keys_).sort());
    return {keys.floor_divide(references_), keys.remainder(references_)};
  }

 private:
  static constexpr int64_t kSlack = 1 << 14;

  void prune() {
    if (held_ <= k_) return;
    const auto values = at::cat(values_), keys = at::cat(keys_);
    const auto by_key = std::get<1>(keys.sort());
    const auto by_value = std::get<1>(values.index_select(0, by_key).sort(/*stable=*/true, 0, /*descending=*/true));
    const auto best = by_key.index_select(0, by_value.narrow(0, 0, k_));
    values_ = {values.index_select(0, best)};
    keys_ = {keys.index_select(0, best)};
    held_ = k_;
    bound_ = values_[0][k_ - 1].item<double>();
  }

  int64_t k_, references_, held_ = 0;
  std::vector<Tensor> values_, keys_;  ///< in pieces, the best of those already pruned first
  double bound_ = -std::numeric_limits<double>::infinity();
};

inline Pairs hdc(const Ground& both, const HDCOptions& options) {
  TORCH_CHECK_VALUE(options.filter_percentage > 0 && options.filter_percentage <= 1, options.name,
                    ": expected `filter_percentage` within (0, 1], but got ", options.filter_percentage);
  const auto ground = both.unordered();  // (i, j) and (j, i) tie
  const auto n = ground.rows(), m = ground.cols(), own = ground.self() ? n : 0;
  const auto same = class_sizes(ground.labels).sum().item<int64_t>();
  const auto share = [&](int64_t pairs) { return static_cast<int64_t>(std::ceil(options.filter_percentage * static_cast<double>(pairs))); };
  LargestPairs positives(share(same - own), m, ground.blocks.u.options()), negatives(share(n * m - same), m, ground.blocks.u.options());
  ground.for_each([&](const Tile& tile) {
    positives.add(tile, tile.similarity, positive_mask(tile));
    negatives.add(tile, tile.similarity.neg(), negative_mask(tile));
  });
  const auto [anchor_pos, positive] = positives.sorted();
  const auto [anchor_neg, negative] = negatives.sorted();
  return Pairs(anchor_pos, positive, anchor_neg, negative);
}

}  // namespace detail

/// The hardest share of all positive pairs, the farthest, and of all negative pairs, the nearest; the ceiling of their number.
///
///     hdc(embeddings, labels[, options]);   hdc(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Pairs`, by anchor and reference. Equal distances go to the lower anchor, then to the lower
/// reference; a NaN is nobody's pair. No gradient. Throws on shapes, types and devices that disagree and on options out of range. Time: N M
/// D multiply-adds; memory: linear in N + M, the workspace, and a few times the result. Yuan et al. 2017, section 3.2.
inline constexpr detail::LabelMiner<HDCOptions, detail::hdc> hdc{};

}  // namespace idcl::mining
