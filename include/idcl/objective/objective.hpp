#pragma once

#include "idcl/core/fold.hpp"

#include <utility>

namespace idcl {

/// What a row of the similarity matrix costs: a fold over tiles that ends in a loss and its slope.
///
/// For the finished rows, `loss` is t_i, the sum of row i's terms, and `terms` is c_i, how many terms there are (a mean divides
/// the sum of t by the sum of c); both [n]. `gradient` is d(sum_i upstream_i t_i) / ds for one tile: [n, m]. In the dense evaluator
/// `update` and `loss` are differentiated as they stand, so they are compositions of differentiable ATen operations.
template <class O>
concept Objective = Fold<O> && requires(const O& objective, const typename O::Rows& rows, const Tile& tile, const Tensor& upstream) {
  { objective.loss(rows) } -> std::same_as<Tensor>;
  { objective.terms(rows) } -> std::same_as<Tensor>;
  { objective.gradient(rows, tile, upstream) } -> std::same_as<Tensor>;
};

/// An objective that can take pairs out of its state again that were folded in as negatives. Its rows can be swept while their
/// positives are still being searched for; the few positives then change sides. `remove_negatives` returns the rows of which so
/// little is left that rounding shows in it, bool [n]: they have to be swept again without those pairs.
template <class O>
concept RevisableObjective = Objective<O> && requires(const O& objective, typename O::Rows rows, const Tile& tile) {
  { objective.remove_negatives(rows, tile) } -> std::same_as<Tensor>;
};

/// An objective that can be differentiated twice tile by tile. `pull` takes the slope of some scalar with respect to each member
/// of the finished state and gives its slope with respect to s through that state, for one tile: [n, m]. `gradient` has to be
/// differentiable in s, in the state and in the upstream slope.
template <class O>
concept TwiceDifferentiable = Objective<O> && requires(const O& objective, const typename O::Rows& rows, const Tile& tile) {
  { objective.pull(rows, tile, rows) } -> std::same_as<Tensor>;
};

/// Does an objective honour weights of positives, which it then reads by `PairSet::times`, `raise` and `occurrences`? It says so by
/// `static constexpr bool weighted = true`; pairs with weights are refused elsewhere.
template <class O>
inline constexpr bool honours_weights = requires { requires O::weighted; };

/// An objective may ask for a statistic of the whole batch: `finish(rows, pass)` sees all rows after a pass and may write into them,
/// before the next pass or the loss reads them. Differentiable, since the dense evaluator differentiates it as it stands.
template <Objective O>
void finish_pass(const O& objective, typename O::Rows& rows, int pass) {
  if constexpr (requires { objective.finish(rows, pass); }) objective.finish(rows, pass);
}

/// An objective that reads `anchor_offset` or `reference_offset` of a tile, and says what its rows' weighted losses owe to them there:
/// {[n], [m]}, undefined for those it does not read.
template <class O>
concept ReadsOffsets =
    Objective<O> && requires(const O& objective, const typename O::Rows& rows, const Tile& tile, const Tensor& upstream) {
      { objective.offset_gradient(rows, tile, upstream) } -> std::same_as<std::pair<Tensor, Tensor>>;
    };

/// What `gradient` reads: the finished rows, or, where every pair's slope depends on all upstream slopes, what `prepare(rows,
/// upstream)` makes of them once all are known.
template <Objective O>
typename O::Rows prepared(const O& objective, const typename O::Rows& rows, const Tensor& upstream) {
  if constexpr (requires { objective.prepare(rows, upstream); }) {
    return objective.prepare(rows, upstream);
  } else {
    return rows;
  }
}

/// Does an objective ask to see whole rows (`static constexpr bool whole_rows = true`), because each pair's cost depends on all other
/// pairs of its anchor? Its tiles are then some anchors against all references.
template <Objective O>
constexpr bool sees_whole_rows() {
  if constexpr (requires { O::whole_rows; }) {
    return O::whole_rows;
  } else {
    return false;
  }
}

}  // namespace idcl
