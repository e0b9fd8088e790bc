#pragma once

#include "idcl/objective/fusible_pairs.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// Contrastive loss of pairs: positives closer than one margin, negatives farther than another, each part with a mean of its own:
///
///   [ s_ip - pos_margin ]+ ,  [ neg_margin - s_in ]+       for a distance;  the signs change for a similarity
///
/// A pair given twice is two terms. Hadsell et al. 2006. State: 4 numbers a row. Twice differentiable.
struct Contrastive {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double pos_margin = 0;
  double neg_margin = 1;
  bool distance = true;    ///< are small values close?
  bool skip_zeros = true;  ///< count only pairs that violate their margin

  struct Rows {
    Tensor loss;   ///< sum over positives and over negatives, [n, 2]
    Tensor terms;  ///< their numbers, [n, 2]
    auto members() { return std::tie(loss, terms); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n, 2}, options), at::zeros({n, 2}, options)}; }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto negative = tile.negative();
    const auto attract = tile.positive.keep(at::relu(attraction(tile.similarity)), 0);
    const auto repel = negative.keep(at::relu(repulsion(tile.similarity)), 0);
    merge(rows, {at::stack({tile.positive.times(attract).sum(1), negative.times(repel).sum(1)}, 1),
                 at::stack({number(tile, tile.positive, attract), number(tile, negative, repel)}, 1)});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.loss = rows.loss + other.loss;
    rows.terms = rows.terms + other.terms;
  }

  Tensor loss(const Rows& rows) const { return rows.loss; }    // [n, 2]
  Tensor terms(const Rows& rows) const { return rows.terms; }  // [n, 2]

  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto slope = [&](const PairSet& pairs, const Tensor& violation, double sign, int64_t part) {
      return pairs.times(active(pairs.keep(violation, 0))) * (column(upstream.select(1, part)) * sign);
    };
    const auto negative = tile.negative();
    auto result = negative.spread(slope(negative, repulsion(tile.similarity), -sign(), 1), tile.cols());
    tile.positive.add_(result, slope(tile.positive, attraction(tile.similarity), sign(), 0));
    return result;  // [n, m]
  }

  Rows gather(const PairSums& sums) const {
    const auto number = [&](const PairSums::Side& side) { return skip_zeros ? side.violations : side.pairs; };
    return {side_by_side(sums.positive.cost, sums.negative.cost), side_by_side(number(sums.positive), number(sums.negative))};
  }
  PairWeights weights(const Tensor& upstream) const { return {upstream.select(1, 0), upstream.select(1, 1)}; }
  template <class V>
  [[gnu::always_inline]] void negative(V& cost, const V& closeness) const {
    const V violation = closeness - static_cast<float>(-sign() * neg_margin);
    cost = violation <= 0 ? V{} : violation;  // NaN stays
  }
  template <class V>
  [[gnu::always_inline]] void negative_slope(V& slope, const V& closeness) const {
    V cost;
    negative(cost, closeness);
    slope = cost > 0 ? V{} + 1.0f : V{};
  }
  PairCost positive(double closeness) const {
    const double violation = -sign() * pos_margin - closeness;
    return {.loss = violation <= 0 ? 0 : violation, .slope = violation > 0 ? -1.0 : 0.0};
  }

  Tensor pull(const Rows& /*rows*/, const Tile& tile, const Rows& /*slope*/) const { return at::zeros_like(tile.similarity); }

 private:
  double sign() const { return distance ? 1 : -1; }
  Tensor attraction(const Tensor& s) const { return (s - pos_margin) * sign(); }
  Tensor repulsion(const Tensor& s) const { return (s - neg_margin) * -sign(); }
  static Tensor active(const Tensor& violation) { return (violation > 0).to(violation.scalar_type()); }

  Tensor number(const Tile& tile, const PairSet& pairs, const Tensor& violation) const {
    return skip_zeros ? pairs.times(active(violation.detach())).sum(1)
                      : pairs.occurrences(tile.rows(), tile.cols(), violation.options().requires_grad(false));
  }
};

static_assert(TwiceDifferentiable<Contrastive> && FusiblePairs<Contrastive>);

}  // namespace idcl::objective
