#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/dense.hpp"
#include "idcl/engine/sweep.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/tuples.hpp"
#include "idcl/similarity/any.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include <utility>

namespace idcl::mining::detail {

/// Where a miner looks: two embedded sets, or one with itself, their labels, and the tiles of their similarities.
struct Ground {
  Tensor embeddings, references;  ///< as they came, [N, D] and [M, D]; one tensor where a set is compared with itself
  Labels::Pairs labels;
  engine::Blocks blocks;
  bool distance;
  int64_t workspace_bytes;

  int64_t rows() const { return blocks.rows(); }
  int64_t cols() const { return blocks.cols(); }
  bool self() const { return labels.self; }
  at::TensorOptions integers() const { return blocks.u.options().dtype(at::kLong); }

  /// The same, each pair of a self-comparison measured once for both its orders: d_ij = d_ji to the last digit.
  Ground unordered() const {
    auto result = *this;
    result.blocks.symmetric = self() && blocks.metric.symmetric;
    return result;
  }

  /// Calls `visit(tile)` for every tile, its pairs marked by label, its similarities turned into distances: a similarity counts as
  /// minus a distance. Unless `blocks.symmetric`, tiles come row by row, and their columns ascend.
  template <class Visit>
  void for_each(const Visit& visit) const {
    const auto look = [&](Tile tile) {
      labels.mark(tile);
      if (!distance) tile.similarity = tile.similarity.neg();
      visit(std::as_const(tile));
    };
    engine::for_each_tile(blocks, [&](Tile tile) {
      if (blocks.symmetric && !blocks.mirrored(tile)) tile.similarity = tile.similarity.triu() + tile.similarity.triu(1).t();
      look(tile);
      if (blocks.mirrored(tile)) look(blocks.mirror(tile));
    });
  }

  /// Folds passes [0, passes) of `fold` over all tiles.
  template <Fold F>
  typename F::Rows fold(const F& fold, int passes = F::passes) const {
    auto state = fold.begin(rows(), blocks.u.options());
    for (int pass = 0; pass < passes; ++pass) for_each([&](const Tile& tile) { fold_tile(fold, state, tile, pass); });
    return state;
  }
};

/// The tiles of x against y, or of x with itself where y is undefined. Of a set with itself half of them are computed where the similarity
/// is an inner product, which rounds alike from both sides; a distance made of one does not, and equal rows are to tie.
inline engine::Blocks blocks(const char* where, const Tensor& x, const Tensor& y, const similarity::Any& similarity,
                             int64_t workspace_bytes) {
  TORCH_CHECK_VALUE(workspace_bytes > 0, where, ": expected `workspace_bytes` > 0, but got ", workspace_bytes);
  const bool symmetric = !y.defined() && similarity.metric().is_inner();
  const auto [u, v] = y.defined() ? std::pair{similarity.embed(x), similarity.references(y)} : similarity.both(x);
  return {.u = u.detach(),
          .v = v.detach(),
          .symmetric = symmetric,
          .side = engine::tile_side(u.size(0), v.size(0), symmetric, u.element_size(), workspace_bytes),
          .product = u.scalar_type(),
          .metric = similarity.metric()};
}

/// Checks and embeds.
inline Ground ground(const char* where, const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings,
                     const Tensor& ref_labels, const similarity::Any& similarity, int64_t workspace_bytes) {
  const bool self = !ref_embeddings.defined() && !ref_labels.defined();
  check::rows(where, "embeddings", embeddings);
  check::labels(where, "labels", labels, embeddings);
  if (!self) {
    check::comparable(where, "embeddings", embeddings, "ref_embeddings", ref_embeddings);
    check::labels(where, "ref_labels", ref_labels, ref_embeddings);
  }
  return {.embeddings = embeddings.detach(),
          .references = (self ? embeddings : ref_embeddings).detach(),
          .labels = {labels, self ? labels : ref_labels, self},
          .blocks = blocks(where, embeddings, ref_embeddings, similarity, workspace_bytes),
          .distance = similarity.distance,
          .workspace_bytes = workspace_bytes};
}

/// The calls that every miner over labels understands, as one function object:
///
///     miner(embeddings, labels[, options])
///     miner(embeddings, labels, ref_embeddings, ref_labels[, options])
///
/// `Body` is callable with (Ground, Options) and runs without gradient and autocast; `Options::name` is the function's.
template <class Options, auto Body>
struct LabelMiner {
  auto operator()(const Tensor& embeddings, const Tensor& labels, const Options& options = {}) const {
    return mine(embeddings, labels, {}, {}, options);
  }
  auto operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                  const Options& options = {}) const {
    check::rows(Options::name, "ref_embeddings", ref_embeddings);
    return mine(embeddings, labels, ref_embeddings, ref_labels, options);
  }

 private:
  static auto mine(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                   const Options& options) {
    const at::NoGradGuard no_grad;
    const engine::NoAutocast no_autocast;
    const auto compared = [&]() -> similarity::Any {
      if constexpr (requires { options.similarity; })
        return options.similarity;
      else
        return similarity::Euclidean{};
    }();
    return Body(ground(Options::name, embeddings, labels, ref_embeddings, ref_labels, compared, options.workspace_bytes), options);
  }
};

}  // namespace idcl::mining::detail
