#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

/// Vectors of the compiler's own, in the width of the processor that runs: no flag for who includes this, no intrinsics.
///
/// What is to be compiled for several processors is inlined into one function a target, which `run` chooses between; everything it calls
/// must be inlined too (`[[gnu::always_inline]]`), and vectors go by reference, so that none crosses a call. Comparisons of whole numbers, and
/// comparisons joined by & or |, g++ 12 takes apart number by number before it inlines: select by one comparison at a time.
namespace idcl::simd {

/// What a processor offers: registers of 16, 32 and 64 bytes.
enum class Isa { Portable, Avx2, Avx512 };

template <class T, int bytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(bytes)));
};
template <class T, int bytes>
using Vector = typename VectorOf<T, bytes>::type;

template <class V, class T>
[[gnu::always_inline]] inline void load(V& v, const T* from) {
  std::memcpy(&v, from, sizeof(V));
}
template <class V, class T>
[[gnu::always_inline]] inline void store(T* to, const V& v) {
  std::memcpy(to, &v, sizeof(V));
}

/// The sum of a register: halves onto halves, so that no number waits for all others.
template <class V>
[[gnu::always_inline]] inline auto total(const V& a) {
  using T = std::remove_cvref_t<decltype(a[0])>;
  constexpr int lanes = sizeof(V) / sizeof(T);
  T values[lanes];
  store(values, a);
#pragma GCC unroll 4
  for (int half = lanes / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) values[i] += values[i + half];
  return values[0];
}

/// A register, or a number, to the nearer of low <= high where it lies outside; a NaN stays. Just within it equals what it was.
template <class V, class T>
[[gnu::always_inline]] inline void clamp(V& v, T low, T high) {
  v = v < low ? V{} + low : v;
  v = v > high ? V{} + high : v;
}

/// Is any bit of a comparison set?
template <class Mask>
[[gnu::always_inline]] inline bool any(const Mask& mask) {
  uint64_t words[sizeof(Mask) / sizeof(uint64_t)], all = 0;
  std::memcpy(words, &mask, sizeof(Mask));
  for (const auto word : words) all |= word;
  return all != 0;
}

/// Does the processor that runs have it?
inline bool supports(Isa isa) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == Isa::Avx2) return avx2;
  if (isa == Isa::Avx512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
#endif
  return isa == Isa::Portable;
}

/// Does it multiply pairs of bfloat16 numbers, twice as many as of float32?
inline bool multiplies_bfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

/// The widest it has.
inline Isa widest() { return supports(Isa::Avx512) ? Isa::Avx512 : supports(Isa::Avx2) ? Isa::Avx2 : Isa::Portable; }

#if defined(__x86_64__)
template <class Work>
[[gnu::target("avx2,fma")]] inline void with_avx2(const Work& work) {
  work(std::integral_constant<int, 32>{});
}
template <class Work>
[[gnu::target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")]] inline void with_avx512(const Work& work) {
  work(std::integral_constant<int, 64>{});
}
#endif

/// Calls `work` with the bytes of a register, compiled for `isa`, which the processor must support. `work` must be inlined.
template <class Work>
void run(Isa isa, const Work& work) {
#if defined(__x86_64__)
  if (isa == Isa::Avx512) return with_avx512(work);
  if (isa == Isa::Avx2) return with_avx2(work);
#endif
  work(std::integral_constant<int, 16>{});
}

}  // namespace idcl::simd
