#pragma once

#include "idcl/core/fold.hpp"
#include "idcl/engine/tiles.hpp"

namespace idcl::engine {

/// A fold with the state it fills.
template <Fold F>
struct Sweeper {
  const F& fold;
  typename F::Rows& rows;
};

template <Fold F>
Sweeper(const F&, typename F::Rows&) -> Sweeper<F>;

/// Computes each tile of S once and folds it into every sweeper's rows. `mark` fills in the tile's pairs.
template <class Mark, class... Sweepers>
void sweep(const Blocks& blocks, int pass, const Mark& mark, const Sweepers&... sweepers) {
  for_each_tile(blocks, [&](Tile tile) {
    const auto fold_all = [&](Tile& side) {
      mark(side);
      (fold_tile(sweepers.fold, sweepers.rows, side, pass), ...);
    };
    if (!blocks.mirrored(tile)) return fold_all(tile);
    auto other = blocks.mirror(tile);  // before a mark changes the similarities
    fold_all(tile);
    fold_all(other);
  });
}

}  // namespace idcl::engine
