#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/pairing.hpp"

#include <ATen/core/grad_mode.h>

#include <functional>

namespace idcl::mining {

/// A function of positions says who belongs together, tile by tile: nothing of size N x M is ever held.
///
///     mining::Rule{[&](const Tensor& i, const Tensor& j) { return (time.take(i) - time.take(j)).abs() < 5; }}
///
/// It gets the positions of a tile's anchors, int64 [n, 1], and references, [1, m], and returns bools or weights (as `PairMatrix` has
/// them) that broadcast to [n, m]. It is called once a tile and sweep, under no grad, and has to say the same each time.
struct Rule {
  std::function<Tensor(const Tensor& i, const Tensor& j)> related;

  struct Pairs {
    std::function<Tensor(const Tensor&, const Tensor&)> related;
    bool self, weighted;

    void mark(Tile& tile) const {
      const at::NoGradGuard no_grad;
      const auto options = tile.similarity.options().dtype(at::kLong).requires_grad(false);
      const auto i = at::arange(tile.row, tile.row + tile.rows(), options).unsqueeze(1),
                 j = at::arange(tile.col, tile.col + tile.cols(), options).unsqueeze(0);
      const auto result = related(i, j);
      TORCH_CHECK_VALUE(result.defined() && at::is_expandable_to(result.sizes(), tile.similarity.sizes()), where,
                        ": expected a result that broadcasts to ", tile.similarity.sizes(), ", anchors by references, but got ",
                        result.defined() ? c10::str(result.sizes()) : "an undefined tensor");
      TORCH_CHECK_TYPE((result.scalar_type() != at::kBool) == weighted, where, ": expected ", weighted ? "weights" : "bools",
                       " as in the first call, but got ", result.scalar_type());
      mark_related(tile, self, result.expand_as(tile.similarity));
    }
  };

  Pairs pair(const Scene& scene) const {
    TORCH_CHECK(related, where, ": expected `related` to be a function (i, j) -> bools or weights, but got none");
    if (scene.anchors.size(0) == 0 || scene.references.size(0) == 0) return {related, scene.self, false};
    const auto first = at::zeros({1, 1}, scene.anchors.options().dtype(at::kLong).requires_grad(false));
    return {related, scene.self, related(first, first).scalar_type() != at::kBool};
  }

 private:
  static constexpr auto where = "idcl::mining::Rule";
};

static_assert(DirectMiner<Rule>);

}  // namespace idcl::mining
