#pragma once

#include "idcl/objective/two_sums.hpp"

namespace idcl::objective {

/// Circle: a softplus of both soft maxima, each similarity weighted by how far it is from its optimum:
///
///   L_i = log( 1 + sum_P exp(-gamma [1 + m - s_ip]+ (s_ip - 1 + m)) sum_N exp(gamma [s_in + m]+ (s_in - m)) )
///
/// The weights [.]+ are constants in the gradient, as the paper has it: the gradient is not the derivative of the value. Every row is a
/// term, 0 where it lacks a positive or a negative. The softplus is linear above 20, as in the implementations that are compared with:
/// at these scales, 2e-9 of 20. Sun et al. 2020, eq. 8. State: 2 numbers a row.
struct Circle {
  static constexpr int passes = 1;
  static constexpr bool weighted = true;
  double m = 0.4;
  double gamma = 80;  ///< > 0

  using Rows = TwoSums;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return TwoSums::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { rows.update(*this, tile); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }

  Tensor loss(const Rows& rows) const {  // [n]
    return at::softplus(rows.positives + rows.negatives, 1, kLinear).masked_fill(lacks_a_side(rows), 0);
  }

  Tensor terms(const Rows& rows) const { return at::ones_like(rows.positives); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    const auto sum = rows.positives + rows.negatives;
    const auto slope = (at::sigmoid(sum).masked_fill(sum > kLinear, 1) * upstream).masked_fill(lacks_a_side(rows), 0);
    return rows.spread(*this, tile, slope, slope);
  }

  Tensor attraction(const Tensor& s) const { return attraction_slope(s) * (s - (1 - m)); }
  Tensor repulsion(const Tensor& s) const { return repulsion_slope(s) * (s - m); }
  Tensor attraction_slope(const Tensor& s) const { return at::relu(1 + m - s.detach()) * -gamma; }
  Tensor repulsion_slope(const Tensor& s) const { return at::relu(s.detach() + m) * gamma; }

 private:
  static constexpr double kLinear = 20;

  static Tensor lacks_a_side(const Rows& rows) { return is_empty(rows.positives).logical_or(is_empty(rows.negatives)); }
};

static_assert(Objective<Circle>);

}  // namespace idcl::objective
