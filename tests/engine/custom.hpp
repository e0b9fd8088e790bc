#pragma once

#include "idcl/objective/objective.hpp"

#include <tuple>

/// Objectives as a user writes them: the least that the concept asks for.
namespace idcl::test {

/// Positives cost their distance from 1, negatives what they exceed `margin` by. One pass, no second derivative when streamed.
struct Hinge {
  static constexpr int passes = 1;
  double margin = 0.2;

  struct Rows {
    Tensor total, count;
    auto members() { return std::tie(total, count); }
  };
  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n}, options), at::zeros({n}, options)}; }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    rows.total = rows.total + (1 - tile.positive.keep(tile.similarity, 1)).sum(1) +
                 (tile.negative().keep(tile.similarity, margin) - margin).clamp_min(0).sum(1);
    rows.count = rows.count + tile.candidate.count(tile.rows(), tile.cols(), tile.similarity.options());
  }
  void merge(Rows& rows, const Rows& other) const {
    rows.total = rows.total + other.total;
    rows.count = rows.count + other.count;
  }
  Tensor loss(const Rows& rows) const { return rows.total; }
  Tensor terms(const Rows& rows) const { return rows.count; }
  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const {
    const auto n = tile.rows(), m = tile.cols();
    const auto positive = tile.positive.as_mask(n, m, tile.similarity.device()),
               negative = tile.negative().as_mask(n, m, tile.similarity.device());
    const auto slopes =
        negative.logical_and(tile.similarity > margin).to(tile.similarity.scalar_type()) - positive.to(tile.similarity.scalar_type());
    return slopes * upstream.unsqueeze(1);
  }
};

/// The positives' squared distance from their mean: two passes, the second uses what the first has finished.
struct Spread {
  static constexpr int passes = 2;

  struct Rows {
    Tensor sum, count, squares;
    auto members() { return std::tie(sum, count, squares); }
    Tensor mean() const { return (sum / count.clamp_min(1)).unsqueeze(1); }
  };
  Rows begin(int64_t n, const at::TensorOptions& options) const {
    return {at::zeros({n}, options), at::zeros({n}, options), at::zeros({n}, options)};
  }
  void update(Rows& rows, const Tile& tile, int pass) const {
    if (pass == 0) {
      rows.sum = rows.sum + tile.positive.keep(tile.similarity, 0).sum(1);
      rows.count = rows.count + tile.positive.count(tile.rows(), tile.cols(), tile.similarity.options());
    } else {
      rows.squares = rows.squares + tile.positive.keep(tile.similarity - rows.mean(), 0).square().sum(1);
    }
  }
  void merge(Rows& rows, const Rows& other) const {
    rows.sum = rows.sum + other.sum;
    rows.count = rows.count + other.count;
    rows.squares = rows.squares + other.squares;
  }
  Tensor loss(const Rows& rows) const { return rows.squares; }
  Tensor terms(const Rows& rows) const { return rows.count; }
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto mask = tile.positive.as_mask(tile.rows(), tile.cols(), tile.similarity.device());
    return (2 * (tile.similarity - rows.mean()) * upstream.unsqueeze(1)).masked_fill(mask.logical_not(), 0);
  }
};

static_assert(Objective<Hinge> && !TwiceDifferentiable<Hinge> && !RevisableObjective<Hinge>);
static_assert(Objective<Spread> && !TwiceDifferentiable<Spread>);

}  // namespace idcl::test
