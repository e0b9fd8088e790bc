#pragma once

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

// Bytes on the heap, counted by this program's own operator new. Included by one file of a program.

namespace heap {

inline std::atomic<int64_t> current = 0, peak = 0;

inline void add(int64_t bytes) {
  const auto now = current += bytes;
  for (auto seen = peak.load(); now > seen && !peak.compare_exchange_weak(seen, now);) {
  }
}

/// The most bytes that `work` held at a time beyond those there were before.
template <class Work>
int64_t peak_of(const Work& work) {
  const auto before = current.load();
  peak = before;
  work();
  return peak - before;
}

/// malloc, counted; null where there is none.
inline void* allocate(std::size_t bytes) noexcept {
  void* memory = std::malloc(bytes);
  if (memory != nullptr) add(static_cast<int64_t>(malloc_usable_size(memory)));
  return memory;
}

}  // namespace heap

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return heap::allocate(bytes); }
void* operator new(std::size_t bytes) {
  if (void* memory = heap::allocate(bytes)) return memory;
  throw std::bad_alloc();
}
// Not inlined: g++ would see free() on what it knows came from operator new, and warn.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr) heap::add(-static_cast<int64_t>(malloc_usable_size(memory)));
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
