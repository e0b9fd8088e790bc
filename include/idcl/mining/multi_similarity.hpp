#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/detail/listing.hpp"
#include "idcl/mining/detail/whole_rows.hpp"
#include "idcl/similarity/cosine.hpp"

namespace idcl::mining {

/// Options of `multi_similarity`.
struct MultiSimilarityOptions {
  static constexpr auto name = "idcl::mining::multi_similarity";
  /// Finite: by how much a pair may be easier than the hardest of the other kind and still count.
  double epsilon = 0.1;
  /// What is compared.
  similarity::Any similarity = similarity::Cosine{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// On any device: one sweep for the hardest, one for the pairs.
inline Pairs multi_similarity_of_tiles(const Ground& ground, double epsilon) {
  const auto hardest = ground.fold(Extremes<1>{});  // infinite where an anchor has none: then nothing is harder
  return list_pairs(ground, [&](const Tile& tile) {
    const auto& d = tile.similarity;
    return std::pair{positive_mask(tile).logical_and(d + epsilon > beside(tile, hardest.negative)),
                     negative_mask(tile).logical_and(d - epsilon < beside(tile, hardest.positive))};
  });
}

template <class T>
Pairs multi_similarity_of_rows(const Ground& ground, T epsilon) {
  return list_row_pairs<T>(ground, [epsilon](const WholeRow<T>& row) {
    const auto nearest = least(row.negatives).value, farthest = largest(row.reach).value;
    return std::pair{[=](auto& found, const auto& d) __attribute__((always_inline)) { found |= d + epsilon > nearest; },
                     [=](auto& found, const auto& d) __attribute__((always_inline)) { found |= d - epsilon < farthest; }};
  });
}

inline Pairs multi_similarity(const Ground& ground, const MultiSimilarityOptions& options) {
  check::finite(options.name, "epsilon", options.epsilon);
  if (!sees_whole_rows(ground)) return multi_similarity_of_tiles(ground, options.epsilon);
  return AT_DISPATCH_FLOATING_TYPES(ground.blocks.u.scalar_type(), MultiSimilarityOptions::name,
                                    [&] { return multi_similarity_of_rows<scalar_t>(ground, static_cast<scalar_t>(options.epsilon)); });
}

}  // namespace detail

/// The pairs that are hard beside the anchor's hardest of the other kind:
///
///   positives  s_ip - epsilon < max_n s_in          negatives  s_in + epsilon > min_p s_ip
///
///     multi_similarity(embeddings, labels[, options]);   multi_similarity(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Pairs`, by anchor and reference; an anchor without a positive or without a negative has
/// none. A NaN is nobody's pair. No gradient. Throws on shapes, types and devices that disagree and on options out of range. Time: 2 N M D
/// FLOPs, twice that on another device than the CPU; memory: linear in N + M, the workspace, and the result. Wang et al. 2019, pair mining.
inline constexpr detail::LabelMiner<MultiSimilarityOptions, detail::multi_similarity> multi_similarity{};

}  // namespace idcl::mining
