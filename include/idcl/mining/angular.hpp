#pragma once

#include "idcl/mining/detail/listing.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace idcl::mining {

/// Options of `angular`.
struct AngularOptions {
  static constexpr auto name = "idcl::mining::angular";
  /// In [0, 90), degrees: triplets with a wider angle at the negative are taken.
  double angle = 20;
  /// Bring rows to unit length first.
  bool normalize = false;
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// Positive pairs, a bounded number at a time, as rows of their own: the middle of a pair against every reference.
inline Triplets angular(const Ground& ground, const AngularOptions& options) {
  TORCH_CHECK_VALUE(options.angle >= 0 && options.angle < 90, options.name, ": expected `angle` within [0, 90) degrees, but got ",
                    options.angle);
  const similarity::Euclidean euclidean{.normalize = false};
  const auto raised = [&](const Tensor& x) {
    const auto rows = similarity::at_least_float(x);
    return options.normalize ? similarity::unit_rows(rows, euclidean.eps) : rows;
  };
  const auto x = raised(ground.embeddings), y = ground.self() ? x : raised(ground.references);
  const auto v = euclidean.references(y);
  const auto list = list_positives(ground);  // [N, P]
  const auto places = list.ge(0).nonzero();  // [T, 2], by anchor and positive
  const auto anchors = places.select(1, 0), positives = list.masked_select(list.ge(0));
  const auto m = std::max<int64_t>(ground.cols(), 1);
  const auto chunk = std::max<int64_t>(1, options.workspace_bytes / (8 * x.element_size() * std::max<int64_t>(1, x.size(1))));
  const auto slope = 2 * std::tan(options.angle * std::numbers::pi / 180);
  std::vector<Tensor> keys;
  for (int64_t begin = 0; begin < anchors.size(0); begin += chunk) {
    const auto count = std::min(chunk, anchors.size(0) - begin);
    const auto a = anchors.narrow(0, begin, count), p = positives.narrow(0, begin, count);
    const auto from = x.index_select(0, a), to = y.index_select(0, p);  // [c, D]
    const auto length = (from - to).square().sum(1).sqrt();             // d_ap, [c]
    const Labels::Pairs labels{ground.labels.anchors.index_select(0, a), ground.labels.references, /*self=*/false};
    const engine::Blocks blocks{.u = euclidean.embed((from + to) / 2),
                                .v = v,
                                .symmetric = false,
                                .side = engine::tile_side(count, v.size(0), false, v.element_size(), options.workspace_bytes),
                                .product = v.scalar_type(),
                                .metric = similarity::metric_of(euclidean)};
    engine::for_each_tile(blocks, [&](Tile tile) {
      labels.mark(tile);
      // tan(angle) = d_ap / (2 d_mn), m the middle; two equal points and a negative on them have no angle
      const auto found = negative_mask(tile).logical_and(beside(tile, length) > slope * tile.similarity).nonzero();
      keys.push_back((found.select(1, 0) + (tile.row + begin)) * m + (found.select(1, 1) + tile.col));
    });
  }
  const auto key = keys.empty() ? at::empty({0}, ground.integers()) : std::get<0>(at::cat(keys).sort());
  const auto pair = key.floor_divide(m);
  return Triplets(anchors.index_select(0, pair), positives.index_select(0, pair), key.remainder(m));
}

}  // namespace detail

/// The triplets with a wide angle at the negative, over the pair's middle:
///
///   atan( |a - p| / (2 |n - (a + p) / 2|) ) > angle
///
///     angular(embeddings, labels[, options]);   angular(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N], compared as they are unless `normalize`; optionally ref_embeddings [M, D] and ref_labels
/// [M], from which positives and negatives are taken then, the diagonal included. Returns `Triplets`, by anchor, positive and negative. A
/// NaN is in no triplet. No gradient. Throws on shapes, types and devices that disagree and on options out of range. Time: 2 T M D
/// FLOPs, T positive pairs; memory: O(N P), P the size of a class, the workspace, and the result. Wang et al. 2017, section 3.
inline constexpr detail::LabelMiner<AngularOptions, detail::angular> angular{};

}  // namespace idcl::mining
