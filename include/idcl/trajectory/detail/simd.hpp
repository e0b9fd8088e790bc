#pragma once

#include "idcl/core/simd.hpp"

#include <cstdint>
#include <cstring>

/// What the measures need of vectors beside `idcl::simd`: doubles, as many sequences side by side as a register of AVX2 holds.
namespace idcl::trajectory::detail {

/// As many sequences are gone through side by side: one register of AVX2.
template <class T>
inline constexpr int lanes = 32 / sizeof(T);

using simd::load;
using simd::store;
using simd::Vector;

/// `simd::run` with 32 bytes where the processor has AVX2 and 16 elsewhere, never more: `lanes` sequences fill no wider register.
template <class Work>
void widest(const Work& work) {
  simd::run(simd::supports(simd::Isa::Avx2) ? simd::Isa::Avx2 : simd::Isa::Portable, work);
}

template <class V>
[[gnu::always_inline]] inline void minimum(V& result, const V& a, const V& b) {
  result = a < b ? a : b;
}

/// result = exp(x) for doubles x <= 0, to an ulp or two; below -700 it is exp(-700), 1e-304.
template <class V>
[[gnu::always_inline]] inline void exp_of_negative(V& result, const V& x) {
  constexpr double log2_e = 1.4426950408889634074, ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it leaves the nearest integer in the low bits
  using Integers = Vector<int64_t, sizeof(V)>;
  const V bounded = x > -700.0 ? x : V{} - 700.0;  // NaN is below too
  const V shifted = bounded * log2_e + magic;
  const V k = shifted - magic;
  const V r = bounded - k * ln2_high - k * ln2_low;  // |r| <= ln(2) / 2
  const V r2 = r * r, r4 = r2 * r2;
  const V p0 = 1.0 + r, p1 = 1.0 / 2 + r * (1.0 / 6), p2 = 1.0 / 24 + r * (1.0 / 120), p3 = 1.0 / 720 + r * (1.0 / 5040);
  const V p4 = 1.0 / 40320 + r * (1.0 / 362880), p5 = 1.0 / 3628800 + r * (1.0 / 39916800);
  const V low = p0 + r2 * p1, middle = p2 + r2 * p3, high = p4 + r2 * p5 + r4 * (1.0 / 479001600);
  const V power = low + r4 * (middle + r4 * high);
  Integers bits, exponent;
  std::memcpy(&bits, &power, sizeof(V));
  std::memcpy(&exponent, &shifted, sizeof(V));
  bits += exponent << 52;
  std::memcpy(&result, &bits, sizeof(V));
}

/// result = log(x) for doubles 1 <= x <= 3, to 1e-16: 2 artanh((x - 1) / (x + 1)), halved above 1.5.
template <class V>
[[gnu::always_inline]] inline void log_of_one_to_three(V& result, const V& x) {
  constexpr double ln2 = 0.69314718055994530942;
  const V ones = V{} + 1.0, zeros = V{};
  const V scaled = x * (x > 1.5 ? ones * 0.5 : ones), shift = x > 1.5 ? ones * ln2 : zeros;
  const V s = (scaled - 1.0) / (scaled + 1.0), t = s * s, t2 = t * t, t4 = t2 * t2;  // |s| <= 0.2
  const V a = 2.0 + t * (2.0 / 3), b = 2.0 / 5 + t * (2.0 / 7), c = 2.0 / 9 + t * (2.0 / 11), d = 2.0 / 13 + t * (2.0 / 15);
  const V e = 2.0 / 17 + t * (2.0 / 19) + t2 * (2.0 / 21);
  result = shift + s * (a + t2 * b + t4 * (c + t2 * d + t4 * e));
}

}  // namespace idcl::trajectory::detail
