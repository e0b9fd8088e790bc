#pragma once

#include "idcl/objective/fusible.hpp"
#include "idcl/objective/two_sums.hpp"

#include <limits>
#include <optional>

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

  /// [1 + m - s]+ and [s + m]+, times -gamma and gamma, times the distance from the optimum.
  struct Logits {
    float m, gamma;
    template <class V>
    [[gnu::always_inline]] void bend_negative(V& s) const {
      V slope = V{} + 1.0f;
      follow_negative(slope, s);
      s = s < std::numeric_limits<float>::lowest() ? s : V(slope * (s - m));  // no pair stays none
    }
    template <class V>
    [[gnu::always_inline]] void follow_negative(V& slope, const V& s) const {
      slope *= (s + m <= 0 ? V{} : V(s + m)) * gamma;
    }
    void bend_positive(float& s) const {
      float slope = 1;
      follow_positive(slope, s);
      s = slope * (s - (1 - m));
    }
    void follow_positive(float& slope, float s) const { slope *= (1 + m - s <= 0 ? 0 : 1 + m - s) * -gamma; }
  };
  Logits logits() const { return {static_cast<float>(m), static_cast<float>(gamma)}; }
  std::optional<LogitScales> fuses() const { return logit_scale(1); }
  FusedRow row(const RowSums& sums) const {
    if (is_empty(sums.positives) || is_empty(sums.negatives)) return {.terms = 1};
    const auto sum = sums.positives + sums.negatives;
    const auto slope = sum > kLinear ? 1 : sigmoid(sum);
    return {.loss = sum > kLinear ? sum : softplus(sum), .terms = 1, .repulsion = slope, .attraction = slope};
  }

  Tensor attraction(const Tensor& s) const { return attraction_slope(s) * (s - (1 - m)); }
  Tensor repulsion(const Tensor& s) const { return repulsion_slope(s) * (s - m); }
  Tensor attraction_slope(const Tensor& s) const { return at::relu(1 + m - s.detach()) * -gamma; }
  Tensor repulsion_slope(const Tensor& s) const { return at::relu(s.detach() + m) * gamma; }

 private:
  static constexpr double kLinear = 20;

  static Tensor lacks_a_side(const Rows& rows) { return is_empty(rows.positives).logical_or(is_empty(rows.negatives)); }
};

static_assert(Fusible<Circle>);

}  // namespace idcl::objective
