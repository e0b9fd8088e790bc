#pragma once

#include "idcl/objective/objective.hpp"

#include <tuple>
#include <utility>

namespace idcl::objective {

/// The similarities of listed pairs as they are, for losses that combine them on their own: list [N, K] of references -> s [N, K],
/// zero where the list says -1. A row lists a pair once. Twice differentiable.
struct Listed {
  static constexpr int passes = 1;
  Tensor list;  ///< int64 [N, K]

  struct Rows {
    Tensor similarities;  ///< [n, K]
    auto members() { return std::tie(similarities); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n, list.size(1)}, options)}; }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto [place, inside] = places(tile);
    merge(rows, {tile.similarity.gather(1, place).masked_fill(inside.logical_not(), 0)});
  }

  void merge(Rows& rows, const Rows& other) const { rows.similarities = rows.similarities + other.similarities; }

  Tensor loss(const Rows& rows) const { return rows.similarities; }  // [n, K]
  Tensor terms(const Rows& rows) const { return at::ones_like(rows.similarities); }

  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto [place, inside] = places(tile);
    return at::zeros_like(tile.similarity).scatter_add(1, place, upstream.masked_fill(inside.logical_not(), 0));  // [n, m]
  }

  Tensor pull(const Rows& /*rows*/, const Tile& tile, const Rows& /*slope*/) const { return at::zeros_like(tile.similarity); }

 private:
  /// Each listed pair's column in the tile, and is it there at all? [n, K]
  std::pair<Tensor, Tensor> places(const Tile& tile) const {
    const auto others = list.narrow(0, tile.row, tile.rows());
    const auto column = others - tile.col;
    return {column.clamp(0, tile.cols() - 1), others.ge(0).logical_and(column.ge(0)).logical_and(column.lt(tile.cols()))};
  }
};

static_assert(TwiceDifferentiable<Listed>);

}  // namespace idcl::objective
