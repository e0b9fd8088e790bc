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
struct LiftedStructure {
  static constexpr int passes = 1;
  double pos_margin = 0;
  bool distance = true;  ///< are small values close?

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
    return {share(column(tile.anchor_offset)).sum(1), share(tile.reference_offset.unsqueeze(0)).sum(0)};
  }

 private:
  double sign() const { return distance ? 1 : -1; }

  /// log( e^{n_i} + e^{n_p} ): [n, m].
  static Tensor together(const Tile& tile) { return at::logaddexp(column(tile.anchor_offset), tile.reference_offset.unsqueeze(0)); }

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
