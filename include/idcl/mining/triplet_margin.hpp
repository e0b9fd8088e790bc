#pragma once

#include "idcl/engine/listed.hpp"
#include "idcl/mining/detail/listing.hpp"
#include "idcl/mining/detail/whole_rows.hpp"

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

/// The negatives that a kind of triplets has beside one positive, `reach` away: `list_where` of the gap.
template <class T>
int64_t list_negatives(std::span<const T> negatives, T reach, T margin, TripletKind kind, int64_t* out) {
  switch (kind) {
    case TripletKind::Hard:
      return list_where(
          negatives,
          [=, most = std::min(margin, T{0})](auto& found, const auto& d) __attribute__((always_inline)) { found |= d - reach <= most; },
          out);
    case TripletKind::SemiHard:
      return list_where(
          negatives,
          [=](auto& found, const auto& d) __attribute__((always_inline)) { found |= (d - reach <= margin) & (d - reach > T{0}); }, out);
    case TripletKind::Easy:
      return list_where(negatives, [=](auto& found, const auto& d) __attribute__((always_inline)) { found |= d - reach > margin; }, out);
    case TripletKind::All:
      break;
  }
  return list_where(negatives, [=](auto& found, const auto& d) __attribute__((always_inline)) { found |= d - reach <= margin; }, out);
}

/// Each of an anchor's positives, in turn, beside all its negatives.
template <class T>
Triplets triplets_of_rows(const Ground& ground, const TripletMarginOptions& options) {
  RowLists<2> lists;
  for_each_stretch<T>(ground, [&](int64_t first, const auto& each) {
    RowLists<2>::Part part;
    std::vector<int64_t> found(static_cast<std::size_t>(ground.cols()));
    each([&](const WholeRow<T>& row) {
      const auto before = part.columns[0].size();
      for (std::size_t k = 0; k < row.positives.size(); ++k) {
        const auto count =
            list_negatives(row.negatives, row.reach[k], static_cast<T>(options.margin), options.type_of_triplets, found.data());
        part.columns[0].insert(part.columns[0].end(), count, row.positives[k]);
        part.append(1, found.data(), count);
      }
      part.counts.push_back(static_cast<int64_t>(part.columns[0].size() - before));
    });
    lists.add(first, std::move(part));
  });
  const auto [anchor, positive, negative] = lists.tensors(ground.integers());
  return Triplets(anchor, positive, negative);
}

/// On any device: each of an anchor's P positives, in turn, beside a tile's negatives.
inline Triplets triplets_of_tiles(const Ground& ground, const TripletMarginOptions& options) {
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

inline Triplets triplet_margin(const Ground& ground, const TripletMarginOptions& options) {
  check::finite(options.name, "margin", options.margin);
  if (!sees_whole_rows(ground)) return triplets_of_tiles(ground, options);
  return AT_DISPATCH_FLOATING_TYPES(ground.blocks.u.scalar_type(), TripletMarginOptions::name,
                                    [&] { return triplets_of_rows<scalar_t>(ground, options); });
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
/// shapes, types and devices that disagree and on options out of range. Time: 2 N M D FLOPs, twice that on another device than the
/// CPU, and a comparison a triplet; memory: the workspace, O(N P) elsewhere, P the size of a class, and a few times the result.
/// `functional::triplet_margin_loss` needs no list for its sum over all of them. Schroff et al. 2015, section 3.2.
inline constexpr detail::LabelMiner<TripletMarginOptions, detail::triplet_margin> triplet_margin{};

}  // namespace idcl::mining
