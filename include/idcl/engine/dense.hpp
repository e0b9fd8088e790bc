#pragma once

#include "idcl/engine/product.hpp"
#include "idcl/mining/pairing.hpp"
#include "idcl/objective/objective.hpp"
#include "idcl/similarity/similarity.hpp"

#include <optional>

namespace idcl::engine {

/// Each row's sum of terms and their number, both [N], or [N, q] for an objective of q parts; the first is differentiable.
struct RowLosses {
  Tensor loss;
  Tensor terms;
};

/// A number for each anchor, [N], and for each reference, [M], that an objective reads beside the similarities, and that have gradients
/// as rows do. Nothing where it reads none.
struct Offsets {
  std::optional<Tensor> anchors{}, references{};
};

/// Folds one tile, the whole matrix.
template <Objective O>
RowLosses evaluate_tile(const O& objective, const Tile& tile) {
  auto rows = objective.begin(tile.rows(), tile.similarity.options());
  for (int pass = 0; pass < O::passes; ++pass) {
    objective.update(rows, tile, pass);
    finish_pass(objective, rows, pass);
  }
  return {objective.loss(rows), objective.terms(rows).detach()};
}

/// The whole matrix S as one tile: [N, M], in at least float32, also where autocast makes the product in less.
template <Pairing P>
Tile whole_tile(const P& pairing, const Tensor& u, const Tensor& v, const similarity::Metric& metric, const Offsets& offsets = {}) {
  const auto product = [&] {
    if (product_type(u, metric) != u.scalar_type()) return at::mm(u, v.t());  // autocast rounds
    const NoAutocast guard;
    return at::mm(u, v.t());
  }();
  Tile tile{.similarity = metric(similarity::at_least_float(product), u, v),
            .anchor_offset = offsets.anchors.value_or(Tensor()),
            .reference_offset = offsets.references.value_or(Tensor())};
  pairing.mark(tile);
  return tile;
}

/// The dense evaluator: plain ATen composition, differentiated by autograd any number of times. Memory: several N x M arrays.
template <Objective O, Pairing P>
RowLosses dense(const O& objective, const P& pairing, const Tensor& u, const Tensor& v, const similarity::Metric& metric,
                const Offsets& offsets = {}) {
  return evaluate_tile(objective, whole_tile(pairing, u, v, metric, offsets));
}

}  // namespace idcl::engine
