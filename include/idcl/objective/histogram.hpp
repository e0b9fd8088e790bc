#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"
#include "idcl/objective/soft_histogram.hpp"

#include <tuple>

namespace idcl::objective {

/// The probability that a negative pair is more similar than a positive one, from histograms of all pairs of the batch:
///
///   L = sum_b p-_b sum_(c <= b) p+_c          p+, p-: the shares of positive and of negative pairs at node b
///
/// A row's part is that of its own negatives; it has no term of its own, and mean and sum are both L. Every pair's slope depends on all
/// rows. Ustinova and Lempitsky 2016, section 3. State: 2 (bins + 1) numbers a row. Twice differentiable in the dense evaluator.
struct Histogram {
  static constexpr int passes = 1;
  SoftHistogram histogram{};

  struct Rows {
    Tensor positives;  ///< pairs at each node, [n, bins + 1]
    Tensor negatives;  ///< pairs at each node, [n, bins + 1]
    Tensor beneath;    ///< what a negative costs at each node, the same in every row     after the pass
    Tensor above;      ///< what a positive costs at each node, the same in every row     before the gradient
    auto members() { return std::tie(positives, negatives, beneath, above); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    const auto both = TwoHistograms::begin(histogram, n, options);
    const auto nothing = at::zeros({1, histogram.bins + 1}, options).expand_as(both.positives);
    return {both.positives, both.negatives, nothing, nothing};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    TwoHistograms both{rows.positives, rows.negatives};
    both.update(histogram, tile);
    rows.positives = both.positives, rows.negatives = both.negatives;
  }

  void finish(Rows& rows, int /*pass*/) const { rows.beneath = (up_to(rows.positives.sum(0)) / pairs(rows)).expand_as(rows.negatives); }

  Rows prepare(Rows rows, const Tensor& upstream) const {
    rows.above = (from((rows.negatives * column(upstream)).sum(0)) / pairs(rows)).expand_as(rows.positives);
    return rows;
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.positives = rows.positives + other.positives;
    rows.negatives = rows.negatives + other.negatives;
  }

  Tensor loss(const Rows& rows) const { return (rows.negatives * rows.beneath).sum(1); }
  Tensor terms(const Rows& rows) const { return at::zeros({rows.negatives.size(0)}, rows.negatives.options().requires_grad(false)); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    return TwoHistograms::spread(histogram, tile, rows.above, rows.beneath * column(upstream));
  }

 private:
  /// How many positive pairs times how many negative ones: [], no slope.
  static Tensor pairs(const Rows& rows) { return rows.positives.detach().sum().clamp_min(1) * rows.negatives.detach().sum().clamp_min(1); }
};

static_assert(Objective<Histogram>);

}  // namespace idcl::objective
