#pragma once

#include "idcl/core/simd_exp.hpp"

namespace idcl::simd {

/// result = exp(-|x|), from 1 at 0 down to 0 at either end.
template <class V>
[[gnu::always_inline]] inline void exp_minus_abs(V& result, const V& x) {
  exp(result, V(x < 0 ? x : -x));
}

/// result = log(1 + exp(x)) for floats, to 3 ulp: max(x, 0) + log(1 + y), y = exp(-|x|) in [0, 1]; 0 below -87.33. NaN gives NaN.
///
/// log(1 + y) = 2 (z + z^3 / 3 + z^5 / 5 + ...) with z = y / (2 + y) <= 1/3, which keeps the digits of a small y.
template <class V>
[[gnu::always_inline]] inline void softplus(V& result, const V& x) {
  V y;
  exp_minus_abs(y, x);
  const V z = y / (y + 2.0f), square = z * z;
  V series = square * (1.0f / 15) + 1.0f / 13;
  series = series * square + 1.0f / 11;
  series = series * square + 1.0f / 9;
  series = series * square + 1.0f / 7;
  series = series * square + 1.0f / 5;
  series = series * square + 1.0f / 3;
  series = series * square + 1.0f;
  result = (x > 0 ? x : V{}) + 2.0f * z * series;
}

/// result = 1 / (1 + exp(-x)) for floats, to 3 ulp; 0 below -87.33. NaN gives NaN.
template <class V>
[[gnu::always_inline]] inline void sigmoid(V& result, const V& x) {
  V y;
  exp_minus_abs(y, x);
  result = (x < 0 ? y : V{} + 1.0f) / (y + 1.0f);
}

}  // namespace idcl::simd
