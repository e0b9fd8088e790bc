#pragma once

#include "idcl/mining/detail/listing.hpp"

#include <ATen/core/Generator.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace idcl::mining {

/// Options of `uniform_histogram`.
struct UniformHistogramOptions {
  static constexpr auto name = "idcl::mining::uniform_histogram";
  /// >= 1: bins of equal width between the smallest and the largest distance of positives, and of negatives.
  int64_t num_bins = 100;
  /// >= 0: positive pairs drawn from each bin that has any, with replacement.
  int64_t pos_per_bin = 10;
  /// >= 0: negative pairs likewise.
  int64_t neg_per_bin = 10;
  /// What is compared.
  similarity::Any similarity = similarity::Euclidean{};
  /// Where the draws come from; LibTorch's default generator if none is given.
  std::optional<at::Generator> generator{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// The pairs of one kind, positive or negative, by distance: how many each anchor has in each bin, and which ones were drawn.
///
/// A pair is drawn by its number among the pairs of its bin, counted by anchor and reference: the same whatever the tiles.
class Bins {
 public:
  Bins(const Ground& ground, int64_t bins)
      : bins_(bins), counts_(at::zeros({ground.rows(), bins}, ground.integers())), seen_(at::zeros_like(counts_)) {}

  void bound(const Tensor& d, const Tensor& mask) {
    const auto inside = mask.logical_and(d.isfinite());
    low_ = std::min(low_, d.masked_fill(inside.logical_not(), kInfinity).min().item<double>());
    high_ = std::max(high_, d.masked_fill(inside.logical_not(), -kInfinity).max().item<double>());
  }

  void count(const Tile& tile, const Tensor& mask) {
    const auto [bin, inside] = bin_of(tile.similarity, mask);
    counts_.narrow(0, tile.row, tile.rows()).scatter_add_(1, bin, inside.to(at::kLong));
  }

  void draw(int64_t per_bin, const std::optional<at::Generator>& generator) {
    // pairs of each bin up to and with each anchor, [bins, N]
    const auto until = counts_.size(0) > 0 ? counts_.t().contiguous().cumsum(1) : at::zeros({bins_, 1}, counts_.options());
    const auto sizes = until.narrow(1, until.size(1) - 1, 1);  // [bins, 1]
    const auto chance = at::rand({bins_, per_bin}, generator, counts_.options().dtype(at::kDouble));
    const auto number = at::minimum((chance * sizes).floor().to(at::kLong), sizes - 1).contiguous();  // [bins, per_bin], -1: an empty bin
    const auto drawn = number.ge(0);
    anchor_ = at::searchsorted(until, number, /*out_int32=*/false, /*right=*/true).masked_select(drawn);
    bin_ = at::arange(bins_, number.options()).unsqueeze(1).expand_as(number).masked_select(drawn);
    const auto before = until.index({bin_, anchor_}) - counts_.index({anchor_, bin_});
    rank_ = number.masked_select(drawn) - before;  // among the anchor's pairs of the bin
    result_ = at::full_like(anchor_, -1);
  }

  void find(const Tile& tile, const Tensor& mask) {
    const auto here = anchor_.ge(tile.row).logical_and(anchor_.lt(tile.row + tile.rows())).nonzero().squeeze(1);
    const auto [bin, inside] = bin_of(tile.similarity, mask);
    for (int64_t begin = 0; begin < here.size(0); begin += tile.rows()) {  // no more than a tile at a time
      const auto draws = here.narrow(0, begin, std::min(tile.rows(), here.size(0) - begin));
      const auto row = anchor_.index_select(0, draws) - tile.row;
      const auto hit = bin.index_select(0, row).eq(bin_.index_select(0, draws).unsqueeze(1)).logical_and_(inside.index_select(0, row));
      const auto rank = rank_.index_select(0, draws) - seen_.index({anchor_.index_select(0, draws), bin_.index_select(0, draws)});
      const auto found = hit.logical_and(hit.cumsum(1, at::kInt).eq(rank.unsqueeze(1) + 1)).nonzero();  // [f, 2]
      result_.index_put_({draws.index_select(0, found.select(1, 0))}, found.select(1, 1) + tile.col);
    }
    seen_.narrow(0, tile.row, tile.rows()).scatter_add_(1, bin, inside.to(at::kLong));
  }

  /// {anchors, references}, by bin and draw.
  std::pair<Tensor, Tensor> drawn() const { return {anchor_, result_}; }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  /// Each pair's bin [n, m], the last one closed on both sides, and whether it is one of the pairs.
  std::pair<Tensor, Tensor> bin_of(const Tensor& d, const Tensor& mask) const {
    const auto inside = mask.logical_and(d.isfinite());
    const auto width = high_ > low_ ? (high_ - low_) / static_cast<double>(bins_) : 1;
    const auto bin = ((d.to(at::kDouble) - low_) / width)
                         .masked_fill(inside.logical_not(), 0)
                         .floor()
                         .clamp(0, static_cast<double>(bins_ - 1))
                         .to(at::kLong);
    return {bin, inside};
  }

  int64_t bins_;
  double low_ = kInfinity, high_ = -kInfinity;
  Tensor counts_, seen_;                 ///< int64 [N, bins]
  Tensor anchor_, bin_, rank_, result_;  ///< of each draw
};

inline Pairs uniform_histogram(const Ground& ground, const UniformHistogramOptions& options) {
  TORCH_CHECK_VALUE(options.num_bins >= 1, options.name, ": expected `num_bins` >= 1, but got ", options.num_bins);
  TORCH_CHECK_VALUE(options.pos_per_bin >= 0, options.name, ": expected `pos_per_bin` >= 0, but got ", options.pos_per_bin);
  TORCH_CHECK_VALUE(options.neg_per_bin >= 0, options.name, ": expected `neg_per_bin` >= 0, but got ", options.neg_per_bin);
  auto sequential = ground;
  sequential.blocks.symmetric = false;  // pairs are counted in the order of references
  Bins positives(ground, options.num_bins), negatives(ground, options.num_bins);
  sequential.for_each([&](const Tile& tile) {
    positives.bound(tile.similarity, positive_mask(tile));
    negatives.bound(tile.similarity, negative_mask(tile));
  });
  sequential.for_each([&](const Tile& tile) {
    positives.count(tile, positive_mask(tile));
    negatives.count(tile, negative_mask(tile));
  });
  positives.draw(options.pos_per_bin, options.generator);
  negatives.draw(options.neg_per_bin, options.generator);
  sequential.for_each([&](const Tile& tile) {
    positives.find(tile, positive_mask(tile));
    negatives.find(tile, negative_mask(tile));
  });
  const auto [anchor_pos, positive] = positives.drawn();
  const auto [anchor_neg, negative] = negatives.drawn();
  return Pairs(anchor_pos, positive, anchor_neg, negative);
}

}  // namespace detail

/// As many pairs from each bin of distances, drawn with replacement; positives and negatives each between their own extremes.
///
///     uniform_histogram(embeddings, labels[, options]);   uniform_histogram(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Pairs`, by bin; an empty bin gives none. The same generator state gives the same pairs,
/// whatever the workspace. A NaN is nobody's pair. No gradient. Throws on shapes, types and devices that disagree and on options out of
/// range. Time: 6 N M D FLOPs; memory: O(N (D + bins)), the workspace, and the result.
inline constexpr detail::LabelMiner<UniformHistogramOptions, detail::uniform_histogram> uniform_histogram{};

}  // namespace idcl::mining
