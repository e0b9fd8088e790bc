#pragma once

#include "idcl/core/or_one.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// Intra-pair variance: pairs that are worse than the batch's mean pair of their kind, by more than a share of it, each part with a
/// mean of its own:
///
///   [ (1 - pos_eps) mean(s+) - s_ip ]+^2 ,  [ s_in - (1 + neg_eps) mean(s-) ]+^2       the signs change for a distance
///
/// The means are over all pairs of the batch and have a slope: two passes, and every pair's slope depends on all rows. A pair given
/// twice is two terms. Yu and Tao 2019, eq. 9. State: 12 numbers a row. Twice differentiable in the dense evaluator.
struct IntraPairVariance {
  static constexpr int passes = 2;
  static constexpr bool weighted = true;
  double pos_eps = 0.01;  ///< >= 0
  double neg_eps = 0.01;  ///< >= 0
  bool distance = false;  ///< are small values close?

  /// Each [n, 2]: positives, negatives.
  struct Rows {
    Tensor sum;     ///< of s                                                            pass 0
    Tensor count;   ///< of pairs                                                        pass 0
    Tensor mean;    ///< of the whole batch, the same in every row                       after pass 0
    Tensor loss;    ///< sum of terms                                                    pass 1
    Tensor slopes;  ///< of the loss in the mean                                         pass 1
    Tensor shared;  ///< what the loss owes to each s through the mean, in every row     before the gradient
    auto members() { return std::tie(sum, count, mean, loss, slopes, shared); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    const auto zeros = [&] { return at::zeros({n, 2}, options); };
    return {zeros(), zeros(), zeros(), zeros(), zeros(), zeros()};
  }

  void update(Rows& rows, const Tile& tile, int pass) const {
    const auto negative = tile.negative();
    if (pass == 0) {
      const auto options = tile.similarity.options().requires_grad(false);
      const auto total = [&](const PairSet& pairs) { return pairs.times(pairs.keep(tile.similarity, 0)).sum(1); };
      rows.sum = rows.sum + at::stack({total(tile.positive), total(negative)}, 1);
      rows.count = rows.count + at::stack({tile.positive.occurrences(tile.rows(), tile.cols(), options),
                                           negative.occurrences(tile.rows(), tile.cols(), options)},
                                          1);
      return;
    }
    const auto attract = violation(rows, tile, tile.positive, 0), repel = violation(rows, tile, negative, 1);
    rows.loss = rows.loss + at::stack({tile.positive.times(attract.square()).sum(1), negative.times(repel.square()).sum(1)}, 1);
    rows.slopes = rows.slopes + at::stack({tile.positive.times(attract).sum(1) * (-2 * side(0) * share(0)),
                                           negative.times(repel).sum(1) * (-2 * side(1) * share(1))},
                                          1)
                                    .detach();
  }

  void finish(Rows& rows, int pass) const {
    if (pass == 0) rows.mean = (rows.sum.sum(0) / or_one(rows.count.sum(0))).expand_as(rows.sum);
  }

  Rows prepare(Rows rows, const Tensor& upstream) const {
    rows.shared = ((upstream * rows.slopes).sum(0) / or_one(rows.count.sum(0))).expand_as(rows.sum);
    return rows;
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.sum = rows.sum + other.sum;
    rows.count = rows.count + other.count;
    rows.loss = rows.loss + other.loss;
    rows.slopes = rows.slopes + other.slopes;
  }

  Tensor loss(const Rows& rows) const { return rows.loss; }    // [n, 2]
  Tensor terms(const Rows& rows) const { return rows.count; }  // [n, 2]

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto slope = [&](const PairSet& pairs, int64_t part) {
      const auto own = violation(rows, tile, pairs, part) * column(upstream.select(1, part) * (2 * side(part)));
      return pairs.times(pairs.only(own + column(rows.shared.select(1, part))));
    };
    const auto negative = tile.negative();
    auto result = negative.spread(slope(negative, 1), tile.cols());
    tile.positive.add_(result, slope(tile.positive, 0));
    return result;  // [n, m]
  }

 private:
  /// Which side of its mean is bad: +1 above, -1 below.
  double side(int64_t part) const { return (part == 0) == distance ? 1 : -1; }
  /// The threshold, as a share of the mean.
  double share(int64_t part) const { return 1 + side(part) * (part == 0 ? pos_eps : neg_eps); }

  Tensor violation(const Rows& rows, const Tile& tile, const PairSet& pairs, int64_t part) const {
    return pairs.keep(at::relu((tile.similarity - column(rows.mean.select(1, part)) * share(part)) * side(part)), 0);
  }
};

static_assert(Objective<IntraPairVariance>);

}  // namespace idcl::objective
