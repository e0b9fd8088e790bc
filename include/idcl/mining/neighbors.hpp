#pragma once

#include "idcl/mining/detail/ground.hpp"
#include "idcl/mining/nearest.hpp"
#include "idcl/similarity/cosine.hpp"

#include <algorithm>

namespace idcl::mining {

/// Options of `neighbors`.
struct NeighborsOptions {
  static constexpr auto name = "idcl::mining::neighbors";
  /// >= 1: how many; clamped to as many as there are.
  int64_t k = 15;
  /// What is compared.
  similarity::Any similarity = similarity::Cosine{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

/// Each row's nearest others, the nearest first.
struct Neighbors {
  Tensor indices;  ///< int64 [N, k]; -1 where NaN left a row without
  Tensor values;   ///< their similarities, or distances, [N, k]
};

namespace detail {

struct NeighborsMiner {
  Neighbors operator()(const Tensor& embeddings, const NeighborsOptions& options = {}) const { return mine(embeddings, {}, options); }
  Neighbors operator()(const Tensor& embeddings, const Tensor& ref_embeddings, const NeighborsOptions& options = {}) const {
    check::rows(options.name, "embeddings", embeddings);
    check::comparable(options.name, "embeddings", embeddings, "ref_embeddings", ref_embeddings);
    return mine(embeddings, ref_embeddings, options);
  }

 private:
  static Neighbors mine(const Tensor& x, const Tensor& y, const NeighborsOptions& options) {
    const at::NoGradGuard no_grad;
    const engine::NoAutocast no_autocast;
    check::rows(options.name, "embeddings", x);
    TORCH_CHECK_VALUE(options.k >= 1, options.name, ": expected `k` >= 1, but got ", options.k);
    const bool self = !y.defined(), distance = options.similarity.distance;
    const auto tiles = blocks(options.name, x, y, options.similarity, options.workspace_bytes);
    const Nearest nearest{.k = std::clamp<int64_t>(tiles.cols() - (self ? 1 : 0), 0, options.k), .self = self};
    auto rows = nearest.begin(tiles.rows(), tiles.u.options());
    const auto as_similarity = [&](Tile& tile) {
      if (distance) tile.similarity = tile.similarity.neg();
    };
    engine::sweep(tiles, 0, as_similarity, engine::Sweeper{nearest, rows});
    return {rows.indices, distance ? rows.values.neg() : rows.values};
  }
};

}  // namespace detail

/// The k nearest others of each row: what `TopK` makes positives of, as lists.
///
///     neighbors(embeddings[, options]);   neighbors(embeddings, ref_embeddings[, options]);
///
/// embeddings: [N, D], optionally ref_embeddings [M, D] to look among instead. Returns `Neighbors`. Equals go to the lower index; a NaN is
/// nobody's neighbour. No gradient. Throws on shapes, types and devices that disagree and on options out of range. Time: 2 N M D
/// FLOPs; memory: linear in N + M, and the workspace.
inline constexpr detail::NeighborsMiner neighbors{};

}  // namespace idcl::mining
