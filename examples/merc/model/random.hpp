#pragma once

#include <cstdint>
#include <initializer_list>

namespace merc {

/// 2^64 divided by the golden ratio: steps of a counter that spread.
inline constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;

/// A counter turned into 64 random bits (splitmix64; Steele, Lea, Flood 2014).
inline uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A seed of its own for every tuple of numbers. What is random in an epoch follows from (seed, stage, epoch), so that a resumed run
/// needs no generator's state.
inline uint64_t derive(std::initializer_list<uint64_t> parts) {
  uint64_t state = 0;
  for (const auto part : parts) state = mix(state + kGolden + part);
  return state;
}

}  // namespace merc
