#pragma once

#include "idcl/core/simd.hpp"

#include <cmath>
#include <type_traits>

namespace idcl::simd {

/// result = the square root of x, each number's rounded to the nearest, as the standard library's; NaN below zero.
///
/// In the processor's own instruction: a compiler that has to set `errno` below zero takes a register apart, and its vectors have no such
/// operator.
template <class V>
[[gnu::always_inline]] inline void root(V& result, const V& x) {
  using T = std::remove_cvref_t<decltype(x[0])>;
  constexpr int lanes = sizeof(V) / sizeof(T);
#if defined(__x86_64__)
  if constexpr (sizeof(V) > 16 && std::is_same_v<T, float>) {
    __asm__("vsqrtps %1, %0" : "=v"(result) : "v"(x));
    return;
  } else if constexpr (sizeof(V) > 16 && std::is_same_v<T, double>) {
    __asm__("vsqrtpd %1, %0" : "=v"(result) : "v"(x));
    return;
  }
#endif
  T numbers[lanes];
  store(numbers, x);
  for (auto& number : numbers) number = std::sqrt(number);
  load(result, numbers);
}

}  // namespace idcl::simd
