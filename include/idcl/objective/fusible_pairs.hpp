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
