#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/detail/listing.hpp"
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

inline Pairs multi_similarity(const Ground& ground, const MultiSimilarityOptions& options) {
  check::finite(options.name, "epsilon", options.epsilon);
  const auto hardest = ground.fold(Extremes<1>{});  // infinite where an anchor has none: then nothing is harder
  return list_pairs(ground, [&](const Tile& tile) {
    const auto& d = tile.similarity;
    return std::pair{positive_mask(tile).logical_and(d + options.epsilon > beside(tile, hardest.negative)),
                     negative_mask(tile).logical_and(d - options.epsilon < beside(tile, hardest.positive))};
  });
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
/// multiply-adds; memory: linear in N + M, the workspace, and the result. Wang et al. 2019, pair mining.
inline constexpr detail::LabelMiner<MultiSimilarityOptions, detail::multi_similarity> multi_similarity{};

}  // namespace idcl::mining
