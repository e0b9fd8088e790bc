#pragma once

#include "idcl/mining/detail/hardest.hpp"

namespace idcl::mining {

/// Options of `batch_hard`.
struct BatchHardOptions {
  static constexpr auto name = "idcl::mining::batch_hard";
  /// What is compared.
  similarity::Any similarity = similarity::Euclidean{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

inline Triplets batch_hard(const Ground& ground, const BatchHardOptions& /*options*/) {
  const auto rows = hardest(ground);
  const auto anchor = rows.found().nonzero().select(1, 0);
  return Triplets(anchor, rows.positive_index.index_select(0, anchor), rows.negative_index.index_select(0, anchor));
}

}  // namespace detail

/// Each anchor with its farthest positive and its nearest negative.
///
///     batch_hard(embeddings, labels[, options]);   batch_hard(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Triplets`, one for each anchor that has a positive and a negative. Equal distances go to
/// the lower index; a NaN is nobody's pair. No gradient. Throws on shapes, types and devices that disagree. Time: 2 N M D FLOPs;
/// memory: linear in N + M, and the workspace. Hermans et al. 2017, eq. 5.
inline constexpr detail::LabelMiner<BatchHardOptions, detail::batch_hard> batch_hard{};

}  // namespace idcl::mining
