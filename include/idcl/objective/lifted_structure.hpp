#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>
#include <utility>

namespace idcl::objective {

/// Lifted structure: a positive pair's distance against a soft minimum of the negatives' of both its ends, which come as offsets, the
/// log-sum-exp n_i over the anchor's negatives and n_p over the reference's:
///
///   t_ip = 1/2 [ s_ip - pos_margin + log( e^{n_i} + e^{n_p} ) ]+^2          a logarithm without negatives counts as 0
///
/// The sign of s changes for a similarity. A pair given twice is two terms. Song et al. 2016, eq. 4. State: 2 numbers a row.
///
/// `by_place`: n_p is that of the anchor at p's place instead, and where that is i itself, its negatives count once.
struct LiftedStructure {
  static constexpr int passes = 1;
  double pos_margin = 0;
  bool distance = true;   ///< are small values close?
  bool by_place = false;  ///< do the offsets of references belong to the anchors at their places?

  struct Rows {
    Tensor loss;   ///< sum of terms, [n]
    Tensor count;  ///< positive pairs, [n]
    auto members() { return std::tie(loss, count); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n}, options), at::zeros({n}, options)}; }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    merge(rows, {tile.positive.times(excess(tile).square()).sum(1) / 2,
                 tile.positive.occurrences(tile.rows(), tile.cols(), tile.similarity.options().requires_grad(false))});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.loss = rows.loss + other.loss;
    rows.count = rows.count + other.count;
  }

  Tensor loss(const Rows& rows) const { return rows.loss; }
  Tensor terms(const Rows& rows) const { return rows.count; }

  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const { return slopes(tile, upstream) * sign(); }

  /// A pair's slope, shared among its ends as their sums are.
  std::pair<Tensor, Tensor> offset_gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto slope = slopes(tile, upstream);
    const auto both = together(tile);
    const auto share = [&](const Tensor& end) { return slope * (end - both).exp().masked_fill(is_empty(both), 0); };
    return {share(column(tile.anchor_offset)).sum(1), share(of_references(tile)).sum(0)};
  }

 private:
  double sign() const { return distance ? 1 : -1; }

  /// n_p: [1, m], or [n, m] with nothing in an anchor's own place.
  Tensor of_references(const Tile& tile) const {
    const auto offsets = tile.reference_offset.unsqueeze(0);
    if (!by_place) return offsets;
    return PairSet::off_diagonal(tile.col - tile.row).keep(offsets.expand({tile.rows(), tile.cols()}), kNothing);
  }

  /// log( e^{n_i} + e^{n_p} ): [n, m].
  Tensor together(const Tile& tile) const { return at::logaddexp(column(tile.anchor_offset), of_references(tile)); }

  /// [.]+ of the positives, shaped as `keep` has it.
  Tensor excess(const Tile& tile) const {
    const auto both = together(tile);
    return tile.positive.keep(at::relu((tile.similarity - pos_margin) * sign() + both.masked_fill(is_empty(both), 0)), 0);
  }

  /// upstream_i [.]+: [n, m].
  Tensor slopes(const Tile& tile, const Tensor& upstream) const {
    return tile.positive.spread(tile.positive.times(excess(tile)) * column(upstream), tile.cols());
  }
};

static_assert(ReadsOffsets<LiftedStructure>);

}  // namespace idcl::objective
