#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

/// Work for ATen's threads, whose number decides nothing but the time.
namespace idcl {

/// How many threads there is enough to do for, at so many multiplications in all.
inline int64_t threads_for(int64_t multiplications) {
  constexpr int64_t worthwhile = 1 << 20;  // some microseconds
  return std::clamp<int64_t>(multiplications / worthwhile, 1, at::get_num_threads());
}

/// Calls `work(k)` for each k below `count`, by so many threads at most. They take them to and fro, so that each has early ones and late
/// ones, where these are more work.
template <class Work>
void for_each_to_and_fro(int64_t threads, int64_t count, const Work& work) {
  at::parallel_for(0, threads, 1, [&](int64_t first, int64_t last) {
    for (auto thread = first; thread < last; ++thread) {
      for (int64_t round = 0; round * threads < count; ++round) {
        const auto k = round * threads + (round % 2 == 0 ? thread : threads - 1 - thread);
        if (k < count) work(k);
      }
    }
  });
}

}  // namespace idcl
