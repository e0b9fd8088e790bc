#pragma once

#include <bit>
#include <cstdint>

namespace idcl::pickle {

/// The value of an IEEE 754 half-precision number, exactly.
inline float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t exponent = bits >> 10 & 0x1F;
  const std::uint32_t mantissa = bits & 0x3FF;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 0x1F ? 0xFF : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

/// A half as numpy stores it; converts to float.
struct Half {
  std::uint16_t bits = 0;
  operator float() const { return half_to_float(bits); }
};

/// A bfloat16, the upper half of a float.
struct BFloat16 {
  std::uint16_t bits = 0;
  operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

}  // namespace idcl::pickle
