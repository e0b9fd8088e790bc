#pragma once

#include "idcl/engine/listed.hpp"
#include "idcl/mining/detail/listing.hpp"

#include <algorithm>
#include <vector>

namespace idcl::mining {

/// Triplets by the gap between their negative and their positive, d_an - d_ap.
///
/// `All`: gap <= margin, those that violate the margin; of these `Hard`: gap <= 0, and `SemiHard`: gap > 0; `Easy`: gap > margin, all the
/// others.
enum class TripletKind { All, Hard, SemiHard, Easy };

/// Options of `triplet_margin`.
struct TripletMarginOptions {
  static constexpr auto name = "idcl::mining::triplet_margin";
  /// Finite: how much farther negatives are to be than positives.
  double margin = 0.2;
  /// Which triplets are taken.
  TripletKind type_of_triplets = TripletKind::All;
  /// What is compared.
  similarity::Any similarity = similarity::Euclidean{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

inline Tensor wanted(const Tensor& gap, const TripletMarginOptions& options) {
  switch (options.type_of_triplets) {
    case TripletKind::Hard:
      return (gap <= options.margin).logical_and_(gap <= 0);
    case TripletKind::SemiHard:
      return (gap <= options.margin).logical_and_(gap > 0);
    case TripletKind::Easy:
      return gap > options.margin;
    case TripletKind::All:
      break;
  }
  return gap <= options.margin;
}

/// Each of an anchor's P positives, in turn, beside a tile's negatives.
inline Triplets triplet_margin(const Ground& ground, const TripletMarginOptions& options) {
  check::finite(options.name, "margin", options.margin);
  const auto positives = list_positives(ground);  // [N, P]
  const auto width = positives.size(1), m = std::max<int64_t>(ground.cols(), 1);
  const auto reach = ground.fold(engine::Pick{positives}).similarities;  // d_ap, [N, P], NaN behind the last
  std::vector<Tensor> keys;
  ground.for_each([&](const Tile& tile) {
    const auto negative = negative_mask(tile);
    if (width == 0 || !negative.any().item<bool>()) return;
    for (int64_t k = 0; k < width; ++k) {
      const auto gap = tile.similarity - beside(tile, reach.select(1, k));
      const auto found = wanted(gap, options).logical_and_(negative).nonzero();  // [t, 2]
      if (found.size(0) > 0) keys.push_back(((found.select(1, 0) + tile.row) * width + k) * m + (found.select(1, 1) + tile.col));
    }
  });
  const auto key = keys.empty() ? at::empty({0}, ground.integers()) : std::get<0>(at::cat(keys).sort());
  const auto pair = key.floor_divide(m);
  return Triplets(pair.floor_divide(std::max<int64_t>(width, 1)), positives.reshape({-1}).index_select(0, pair), key.remainder(m));
}

}  // namespace detail

/// The triplets that violate a margin, or a kind of them:
///
///   d_an - d_ap <= margin
///
///     triplet_margin(embeddings, labels[, options]);   triplet_margin(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Triplets`, by anchor, positive and negative. A NaN is nobody's pair. No gradient. Throws on
/// shapes, types and devices that disagree and on options out of range. Time: 2 N M D multiply-adds and a comparison a triplet; memory:
/// O(N P), P the size of a class, the workspace, and the result. `functional::triplet_margin_loss` needs no list for its sum over all of
/// them. Schroff et al. 2015, section 3.2.
inline constexpr detail::LabelMiner<TripletMarginOptions, detail::triplet_margin> triplet_margin{};

}  // namespace idcl::mining
