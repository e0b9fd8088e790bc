#pragma once

#include "idcl/core/simd.hpp"

#include <cstdint>

namespace idcl::mining::detail {

/// Calls `look(first, last)` for stretches of [0, n), ascending, in which something may be wanted. Mostly there is nothing: four registers
/// V are asked at once. `ask(wanted, at)` sets in `wanted`, beside what is set there, what is wanted of the register at `at`; what is left
/// over at the end is looked at unasked.
template <class V, class Ask, class Look>
[[gnu::always_inline]] inline void for_stretches(int64_t n, const Ask& ask, const Look& look) {
  constexpr int64_t lanes = sizeof(V) / sizeof(V{}[0]), block = 4 * lanes;
  int64_t j = 0;
  for (; j + block <= n; j += block) {
    decltype(V{} < V{}) wanted{};
    for (auto at = j; at < j + block; at += lanes) ask(wanted, at);
    if (simd::any(wanted)) look(j, j + block);
  }
  look(j, n);
}

}  // namespace idcl::mining::detail
