#pragma once

#include "idcl/core/simd.hpp"

namespace idcl::simd {

/// result = exp(x) for floats, to 1 ulp up to x = 88, where it stays; 0 below -87.33, where the result is no normal number. NaN gives NaN,
/// -infinity exactly 0, 0 exactly 1.
///
/// x = k ln(2) + r with |r| <= ln(2) / 2; exp(r) by a polynomial of degree 7 in Horner's form, with or without fused multiply-adds.
template <class V>
[[gnu::always_inline]] inline void exp(V& result, const V& x) {
  constexpr float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f, lowest = -87.33f, highest = 88.0f;
  constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  using Bits = Vector<uint32_t, sizeof(V)>;
  const V capped = x > highest ? V{} + highest : x, bounded = capped < lowest ? V{} + lowest : capped;  // NaN stays
  const V shifted = bounded * log2_e + magic;
  const V k = shifted - magic;
  const V r = bounded - k * ln2_high - k * ln2_low;
  V power = r * 1.9875691500e-4f + 1.3981999507e-3f;
  power = power * r + 8.3334519073e-3f;
  power = power * r + 4.1665795894e-2f;
  power = power * r + 1.6666665459e-1f;
  power = power * r + 5.0000001201e-1f;
  power = power * (r * r) + r + 1.0f;
  Bits exponent;
  std::memcpy(&exponent, &shifted, sizeof(V));
  exponent = (exponent + 127u) << 23;
  V scale;
  std::memcpy(&scale, &exponent, sizeof(V));
  result = x < lowest ? V{} : power * scale;
}

}  // namespace idcl::simd
