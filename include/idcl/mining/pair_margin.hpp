#pragma once

#include "idcl/mining/detail/listing.hpp"
#include "idcl/mining/detail/whole_rows.hpp"

namespace idcl::mining {

/// Options of `pair_margin`.
struct PairMarginOptions {
  static constexpr auto name = "idcl::mining::pair_margin";
  /// Finite, in the similarity's own unit: positives beyond it are taken.
  double pos_margin = 0.2;
  /// Finite: negatives within it are taken.
  double neg_margin = 0.8;
  /// What is compared. For a similarity, beyond is below.
  similarity::Any similarity = similarity::Euclidean{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// Positives beyond one distance and negatives within another.
inline Pairs pair_margin_of_tiles(const Ground& ground, double beyond, double within) {
  return list_pairs(ground, [&](const Tile& tile) {
    return std::pair{positive_mask(tile).logical_and(tile.similarity > beyond), negative_mask(tile).logical_and(tile.similarity < within)};
  });
}

template <class T>
Pairs pair_margin_of_rows(const Ground& ground, T beyond, T within) {
  return list_row_pairs<T>(ground, [=](const WholeRow<T>& /*row*/) {
    return std::pair{[=](auto& found, const auto& d) __attribute__((always_inline)) { found |= d > beyond; },
                     [=](auto& found, const auto& d) __attribute__((always_inline)) { found |= d < within; }};
  });
}

inline Pairs pair_margin(const Ground& ground, const PairMarginOptions& options) {
  check::finite(options.name, "pos_margin", options.pos_margin);
  check::finite(options.name, "neg_margin", options.neg_margin);
  const auto sign = ground.distance ? 1 : -1;
  const auto beyond = sign * options.pos_margin, within = sign * options.neg_margin;
  if (!sees_whole_rows(ground)) return pair_margin_of_tiles(ground, beyond, within);
  return AT_DISPATCH_FLOATING_TYPES(ground.blocks.u.scalar_type(), PairMarginOptions::name, [&] {
    return pair_margin_of_rows<scalar_t>(ground, static_cast<scalar_t>(beyond), static_cast<scalar_t>(within));
  });
}

}  // namespace detail

/// The pairs that violate a margin: positives with d > pos_margin, negatives with d < neg_margin.
///
///     pair_margin(embeddings, labels[, options]);   pair_margin(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Pairs`, by anchor and reference. A NaN is nobody's pair. No gradient. Throws on shapes,
/// types and devices that disagree and on options out of range. Time: 2 N M D FLOPs; memory: linear in N + M, the workspace, and
/// the result.
inline constexpr detail::LabelMiner<PairMarginOptions, detail::pair_margin> pair_margin{};

}  // namespace idcl::mining
