#pragma once

#include "idcl/core/simd.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

/// Arithmetic of single rows, by registers of so many bytes.
namespace idcl::similarity::detail {

/// As many numbers from `from` on as fit into v, a register of doubles or one.
template <class V, class T>
[[gnu::always_inline]] inline void widen(V& v, const T* from) {
  if constexpr (std::is_same_v<V, double>) {
    v = static_cast<double>(*from);
  } else {
    constexpr auto lanes = sizeof(V) / sizeof(double);
    simd::Vector<T, static_cast<int>(lanes * sizeof(T))> narrow;
    simd::load(narrow, from);
    v = __builtin_convertvector(narrow, V);
  }
}

/// The sum of value(d)^2 over d in [0, width), in doubles; `value(v, d)` fills v, a register or one double, from d on.
template <int bytes, class Value>
[[gnu::always_inline]] inline double sum_of_squares(int64_t width, const Value& value) {
  using V = simd::Vector<double, bytes>;
  constexpr auto lanes = static_cast<int64_t>(sizeof(V) / sizeof(double));
  V first{}, second{};
  int64_t d = 0;
  for (; d + 2 * lanes <= width; d += 2 * lanes) {
    V a, b;
    value(a, d);
    value(b, d + lanes);
    first += a * a;
    second += b * b;
  }
  double sum = simd::total(V(first + second));
  for (; d < width; ++d) {
    double a;
    value(a, d);
    sum += a * a;
  }
  return sum;
}

/// |x|^2, in doubles.
template <int bytes, class T>
[[gnu::always_inline]] inline double squared_norm(const T* x, int64_t width) {
  return sum_of_squares<bytes>(width, [=](auto& v, int64_t d) __attribute__((always_inline)) { widen(v, x + d); });
}

/// <x, y>
template <int bytes>
[[gnu::always_inline]] inline float dot(const float* x, const float* y, int64_t width) {
  using V = simd::Vector<float, bytes>;
  constexpr auto lanes = static_cast<int64_t>(sizeof(V) / sizeof(float));
  V sum{};
  int64_t d = 0;
  for (; d + lanes <= width; d += lanes) {
    V a, b;
    simd::load(a, x + d);
    simd::load(b, y + d);
    sum += a * b;
  }
  float result = simd::total(sum);
  for (; d < width; ++d) result += x[d] * y[d];
  return result;
}

/// to = a x + b y
template <int bytes>
[[gnu::always_inline]] inline void combine(float* to, float a, const float* x, float b, const float* y, int64_t width) {
  using V = simd::Vector<float, bytes>;
  constexpr auto lanes = static_cast<int64_t>(sizeof(V) / sizeof(float));
  int64_t d = 0;
  for (; d + lanes <= width; d += lanes) {
    V first, second;
    simd::load(first, x + d);
    simd::load(second, y + d);
    simd::store(to + d, V(first * a + second * b));
  }
  for (; d < width; ++d) to[d] = x[d] * a + y[d] * b;
}

/// Calls `work(i)` for the rows of a matrix of n x width, as many at a time as there are threads.
template <class Work>
void for_each_row(int64_t n, int64_t width, const Work& work) {
  at::parallel_for(0, n, std::max<int64_t>(1, 32768 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) work(i);
  });
}

}  // namespace idcl::similarity::detail
