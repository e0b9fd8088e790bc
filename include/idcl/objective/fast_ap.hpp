#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"
#include "idcl/objective/soft_histogram.hpp"

#include <tuple>

namespace idcl::objective {

/// FastAP: one minus the average precision of an anchor's ranking, from histograms of its similarities,
///
///   t_i = 1 - 1/|P(i)| sum_b h+_b H+_b / (H+_b + H-_b) = 1/|P(i)| sum_b h+_b H-_b / (H+_b + H-_b)
///
/// h+ and h-: positives and negatives at node b; H: those at b and at all more similar nodes. The second form is a sum of
/// non-negative numbers and exact where the ranking is perfect. Anchors without a positive have no term.
/// Cakir et al. 2019. State: 2 (bins + 1) numbers a row. Twice differentiable.
struct FastAP {
  static constexpr int passes = 1;
  int64_t num_bins = 10;  ///< >= 1, of the similarities in [-1, 1]

  using Rows = TwoHistograms;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return Rows::begin(histogram(), n, options); }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { rows.update(histogram(), tile); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }

  Tensor loss(const Rows& rows) const {
    const auto precision = precisions(rows);
    return (rows.positives * precision.lost).sum(1) / positives(rows);
  }

  Tensor terms(const Rows& rows) const { return (rows.positives.sum(1) > 0).to(rows.positives.scalar_type()); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto precision = precisions(rows);
    const auto crowd = rows.positives / precision.all;  // h+_b / H_b
    const auto weight = column(upstream / positives(rows));
    const auto of_positives = (precision.lost - up_to(crowd * precision.lost)) * weight;
    const auto of_negatives = up_to(crowd * precision.kept) * weight;
    return Rows::spread(histogram(), tile, of_positives, of_negatives);
  }

  Tensor pull(const Rows& /*rows*/, const Tile& tile, const Rows& slope) const {
    return Rows::spread(histogram(), tile, slope.positives, slope.negatives);
  }

 private:
  SoftHistogram histogram() const { return {.bins = num_bins, .width = 2.0 / static_cast<double>(num_bins)}; }

  static Tensor positives(const Rows& rows) { return rows.positives.detach().sum(1).clamp_min(1); }  // |P(i)|, no slope

  /// Of each node: how many pairs are at least as similar, the share of positives among them and that of negatives; all [n, bins + 1].
  struct Precisions {
    Tensor all, kept, lost;
  };

  static Precisions precisions(const Rows& rows) {
    const auto positive = from(rows.positives), negative = from(rows.negatives);
    const auto all = positive + negative;
    const auto safe = all.masked_fill(all <= 0, 1);
    return {safe, positive / safe, negative / safe};
  }
};

static_assert(TwiceDifferentiable<FastAP>);

}  // namespace idcl::objective
