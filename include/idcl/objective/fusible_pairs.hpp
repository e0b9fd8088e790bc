#pragma once

#include "idcl/core/simd.hpp"
#include "idcl/objective/objective.hpp"

#include <concepts>

namespace idcl {

/// What the fused evaluator gathers of the rows of an objective whose pairs cost by themselves.
struct PairSums {
  /// [n] each.
  struct Side {
    Tensor cost;        ///< the sum
    Tensor violations;  ///< how many pairs cost more than nothing
    Tensor pairs;       ///< how many there are
  };
  Side positive, negative;
};

/// Two of these side by side, [n, 2].
inline Tensor side_by_side(const Tensor& a, const Tensor& b) {
  const auto result = at::empty({a.size(0), 2}, a.options());
  const auto left = a.accessor<float, 1>(), right = b.accessor<float, 1>();
  auto* to = result.data_ptr<float>();
  for (int64_t i = 0; i < a.size(0); ++i) {
    to[2 * i] = left[i];
    to[2 * i + 1] = right[i];
  }
  return result;
}

/// What a row's pairs weigh in the loss, dL / d cost, [n] each.
struct PairWeights {
  Tensor positive, negative;
};

/// A pair's cost, and its slope in the closeness.
struct PairCost {
  double loss, slope;
};

/// An objective whose pairs cost by themselves, L_i = sum_P p(c_ip) + sum_N n(c_in), c how close a pair is: its similarity, or its distance
/// with the sign changed. Its state is such sums, and `gather` makes it of them. `negative` and `negative_slope` are n and its slope for a
/// register, inlined (see core/simd.hpp), and 0 at -infinity, where there is no pair; `positive` is p. `weights` are those of a row's
/// pairs, given the slope of its loss.
template <class O>
concept FusiblePairs = Objective<O> && requires(const O& objective, const PairSums& sums, const Tensor& upstream,
                                                simd::Vector<float, 16>& result, const simd::Vector<float, 16>& s) {
  { objective.gather(sums) } -> std::same_as<typename O::Rows>;
  { objective.weights(upstream) } -> std::same_as<PairWeights>;
  { objective.negative(result, s) } -> std::same_as<void>;
  { objective.negative_slope(result, s) } -> std::same_as<void>;
  { objective.positive(double{}) } -> std::same_as<PairCost>;
};

}  // namespace idcl
