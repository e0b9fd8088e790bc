#pragma once

#include "idcl/core/simd.hpp"
#include "idcl/objective/objective.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace idcl {

/// How close one anchor's pairs are, by similarity or by a distance with the sign changed, in place: its negatives in s[0, width), -infinity
/// where there is none; its positives apart.
struct RowPairs {
  float* s;
  int64_t width;  ///< a multiple of the widest register
  int64_t negatives;
  float* positives;
  int64_t count;  ///< of positives
};

/// What they cost, and in how many terms.
struct RowCost {
  double loss = 0, terms = 0;
};

/// An objective that the fused evaluator shows an anchor's similarities all at once, since each pair's cost depends on others of the row.
/// `fuses_rows`: with these parameters, and so many positives at most? `row_cost` reads a row; `row_slopes` does too, and puts the slopes of the
/// row's loss, times a weight, into `slopes` [width] and in the place of the positives. `bytes` are those of a register; both are inlined (see
/// core/simd.hpp). `gather` makes the state of what rows cost.
template <class O>
concept FusibleRows = Objective<O> && requires(const O& objective, std::integral_constant<int, 16> bytes, const RowPairs& pairs,
                                               float* slopes, const Tensor& row) {
  { objective.fuses_rows(int64_t{}) } -> std::same_as<bool>;
  { objective.row_cost(bytes, pairs) } -> std::same_as<RowCost>;
  { objective.row_slopes(bytes, pairs, float{}, slopes) } -> std::same_as<RowCost>;
  { objective.gather(row, row) } -> std::same_as<typename O::Rows>;
};

}  // namespace idcl
