#pragma once

#include "idcl/core/simd.hpp"

#include <utility>

namespace idcl::simd {

namespace detail {

/// a0 b0 a1 b1 ...: of the first halves of a and b, and of the second.
template <class V, int... i>
[[gnu::always_inline]] inline void interleave(V& first, V& second, const V& a, const V& b, std::integer_sequence<int, i...>) {
  constexpr int lanes = sizeof...(i);
  first = __builtin_shufflevector(a, b, (i % 2 * lanes + i / 2)...);
  second = __builtin_shufflevector(a, b, (i % 2 * lanes + lanes / 2 + i / 2)...);
}

}  // namespace detail

/// As many registers as one has numbers: the i-th number of the j-th and the j-th of the i-th change places. Interleaving the first half
/// of the rows with the second, as often as the number of rows can be halved.
template <class V, int lanes>
[[gnu::always_inline]] inline void transpose(V (&rows)[lanes]) {
  V shuffled[lanes];
#pragma GCC unroll 4
  for (int step = 1; step < lanes; step *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; ++i)
      detail::interleave(shuffled[2 * i], shuffled[2 * i + 1], rows[i], rows[i + lanes / 2], std::make_integer_sequence<int, lanes>{});
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) rows[i] = shuffled[i];
  }
}

}  // namespace idcl::simd
