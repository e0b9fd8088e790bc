#pragma once

#include "idcl/losses/detail/label_loss.hpp"

#include <vector>

namespace idcl::detail {

/// What given pairs or triplets say about the anchors of a loss that cannot use pairs: how often each is named in them, the most
/// frequent 1: [N]. All 1 where nothing is given. Positions among references do not count.
inline Tensor sample_weights(const LabelArguments& of, const at::TensorOptions& options) {
  const auto n = of.embeddings.size(0);
  auto named = of.triplets ? std::vector<Tensor>{of.triplets->anchor} : std::vector<Tensor>{of.pairs->anchor_pos, of.pairs->anchor_neg};
  if (of.is_self()) named.insert(named.end(), {of.pairs->positive, of.pairs->negative});
  const auto positions = at::cat(named);
  if (positions.numel() == 0) return at::ones({n}, options);
  const auto counts = at::zeros({n}, options).index_add(0, positions, at::ones({positions.size(0)}, options));
  return counts / counts.max();
}

}  // namespace idcl::detail
