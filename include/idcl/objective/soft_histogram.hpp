#pragma once

#include "idcl/core/tile.hpp"

#include <tuple>

namespace idcl::objective {

/// A histogram that has a slope: similarities in [-1, 1] are shared out among the nodes -1, -1 + width, -1 + 2 width, ..., each between
/// the two it lies between, in proportion to how near it is. A similarity outside counts as -1 or 1.
struct SoftHistogram {
  int64_t bins = 100;   ///< >= 1; there are bins + 1 nodes
  double width = 0.02;  ///< > 0, bins * width >= 2

  /// The node at or below each similarity of a tile: int64 [n, m]. A NaN has any.
  Tensor left(const Tensor& s) const { return (s.detach() + 1).div_(width).nan_to_num_(0).floor_().clamp_(0, bins - 1).to(at::kLong); }

  /// The share of the node to its right, in [0, 1]: [n, m].
  Tensor share(const Tensor& s, const Tensor& left) const { return (s + 1).div_(width).clamp_(0, 2 / width).sub_(left); }

  /// How many pairs of a set fall to each node, a pair as often as it occurs: [n, bins + 1].
  Tensor count(const PairSet& pairs, const Tensor& left, const Tensor& share) const {
    const auto collect = [&](const Tensor& part) {
      const auto kept = pairs.spread(pairs.times(pairs.keep(part, 0)), part.size(1));  // [n, m]
      return at::zeros({part.size(0), bins}, part.options().requires_grad(false)).scatter_add(1, left, kept);
    };
    return at::constant_pad_nd(collect(1 - share), {0, 1}) + at::constant_pad_nd(collect(share), {1, 0});
  }

  /// Slopes in the nodes, [n, bins + 1], carried to the similarities: [n, m].
  Tensor slopes(const Tensor& nodes, const Tensor& s, const Tensor& left) const {
    const auto outside = (s.detach() > 1).logical_or_(s.detach() < -1);
    return at::diff(nodes, 1, 1).gather(1, left).div_(width).masked_fill_(outside, 0);
  }
};

/// State of objectives that are a function of two histograms a row, of its positives and of its negatives.
struct TwoHistograms {
  Tensor positives;  ///< [n, bins + 1]
  Tensor negatives;  ///< [n, bins + 1]
  auto members() { return std::tie(positives, negatives); }

  static TwoHistograms begin(const SoftHistogram& histogram, int64_t n, const at::TensorOptions& options) {
    return {at::zeros({n, histogram.bins + 1}, options), at::zeros({n, histogram.bins + 1}, options)};
  }

  void update(const SoftHistogram& histogram, const Tile& tile) {
    const auto left = histogram.left(tile.similarity), share = histogram.share(tile.similarity, left);
    merge({histogram.count(tile.positive, left, share), histogram.count(tile.negative(), left, share)});
  }

  void merge(const TwoHistograms& other) {
    positives = positives + other.positives;
    negatives = negatives + other.negatives;
  }

  /// Slopes a of the positives' nodes and b of the negatives', both [n, bins + 1], carried to s: [n, m].
  static Tensor spread(const SoftHistogram& histogram, const Tile& tile, const Tensor& a, const Tensor& b) {
    const auto left = histogram.left(tile.similarity);
    const auto part = [&](const PairSet& pairs, const Tensor& nodes) {
      return pairs.times(pairs.keep(histogram.slopes(nodes, tile.similarity, left), 0));
    };
    const auto negative = tile.negative();
    auto result = negative.spread(part(negative, b), tile.cols());
    tile.positive.add_(result, part(tile.positive, a));
    return result;
  }
};

/// Sums over the nodes from the first up to each, and from each up to the last: [n, b].
inline Tensor up_to(const Tensor& nodes) { return nodes.cumsum(-1); }
inline Tensor from(const Tensor& nodes) { return nodes.flip(-1).cumsum(-1).flip(-1); }

}  // namespace idcl::objective
