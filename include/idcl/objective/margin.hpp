#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>
#include <utility>

namespace idcl::objective {

/// Margins on both sides of a boundary b_i, the anchor's offset, over all triplets of an anchor, none of them listed:
///
///   t_ipn = [ s_ip - b_i + margin ]+ + [ b_i - s_in + margin ]+          for a distance;  the signs change for a similarity
///
/// A triplet's two parts do not meet: a row is its positives' sum as often as it has negatives, and the other way round. Of listed
/// triplets, each part is as often there as it is listed. Wu et al. 2017, "Sampling Matters in Deep Embedding Learning". State: 6 numbers a row.
struct Margin {
  static constexpr int passes = 1;
  double margin = 0.2;
  bool distance = true;    ///< are small values close?
  bool listed = false;     ///< are pairs those of listed triplets, rather than to be combined?
  bool skip_zeros = true;  ///< count only parts that violate their margin

  /// Each [n, 2]: over positives, over negatives.
  struct Rows {
    Tensor loss;    ///< sum of violations
    Tensor active;  ///< pairs that violate
    Tensor count;   ///< pairs
    auto members() { return std::tie(loss, active, count); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    const auto zeros = [&] { return at::zeros({n, 2}, options); };
    return {zeros(), zeros(), zeros()};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto negative = tile.negative();
    const auto options = tile.similarity.options().requires_grad(false);
    const auto attract = violation(tile, tile.positive, 1), repel = violation(tile, negative, -1);
    const auto both = [](const Tensor& a, const Tensor& b) { return at::stack({a, b}, 1); };
    merge(rows,
          {both(tile.positive.times(at::relu(attract)).sum(1), negative.times(at::relu(repel)).sum(1)),
           both(active(tile.positive, attract).sum(1), active(negative, repel).sum(1)),
           both(tile.positive.occurrences(tile.rows(), tile.cols(), options), negative.occurrences(tile.rows(), tile.cols(), options))});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.loss = rows.loss + other.loss;
    rows.active = rows.active + other.active;
    rows.count = rows.count + other.count;
  }

  Tensor loss(const Rows& rows) const { return (rows.loss * times(rows)).sum(1); }  // [n]

  /// What a mean divides by, and the number of triplets: [n, 2].
  Tensor terms(const Rows& rows) const {
    const auto triplets = rows.count.select(1, 0) * times(rows).select(1, 0);
    return at::stack({skip_zeros ? (rows.active * times(rows)).sum(1) : triplets, triplets}, 1);
  }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto slope = slopes(rows, upstream);
    const auto negative = tile.negative();
    auto result = negative.spread(active(negative, violation(tile, negative, -1)) * -column(slope.select(1, 1)), tile.cols());
    tile.positive.add_(result, active(tile.positive, violation(tile, tile.positive, 1)) * column(slope.select(1, 0)));
    return result;  // [n, m]
  }

  /// A boundary moves with its negatives and against its positives.
  std::pair<Tensor, Tensor> offset_gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto slope = slopes(rows, upstream);
    const auto negative = tile.negative();
    return {active(negative, violation(tile, negative, -1)).sum(1) * slope.select(1, 1) -
                active(tile.positive, violation(tile, tile.positive, 1)).sum(1) * slope.select(1, 0),
            {}};
  }

 private:
  double sign() const { return distance ? 1 : -1; }

  /// How often a pair stands in a triplet of its row: [n, 2].
  Tensor times(const Rows& rows) const { return listed ? at::ones_like(rows.count) : rows.count.flip(1); }
  Tensor slopes(const Rows& rows, const Tensor& upstream) const { return times(rows) * column(upstream * sign()); }

  /// By how much a pair is beyond its margin, `side` +1 for those that are to be close and -1 for those that are not; shaped as `keep` has it.
  Tensor violation(const Tile& tile, const PairSet& pairs, double side) const {
    return pairs.keep((tile.similarity - column(tile.anchor_offset)) * (side * sign()) + margin, 0);
  }
  static Tensor active(const PairSet& pairs, const Tensor& violation) {
    return pairs.times((violation.detach() > 0).to(violation.scalar_type()));
  }
};

static_assert(ReadsOffsets<Margin>);

}  // namespace idcl::objective
