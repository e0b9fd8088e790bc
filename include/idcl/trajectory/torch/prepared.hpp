#pragma once

#include "idcl/trajectory/torch/batch.hpp"

#include <ATen/Parallel.h>

#include <type_traits>
#include <vector>

namespace idcl::trajectory::detail {

/// Calls `use` with the sequences of a batch, not an empty one, as `measure` prepares them: a vector of one type.
template <class M, class Use>
decltype(auto) with_prepared(const M& measure, const Batch& batch, const Use& use) {
  return as_value_error([&] {
    return batch.read(0, [&](const auto& first) {
      using Sequence = std::remove_cvref_t<decltype(first)>;
      if constexpr (!Measures<M, Sequence>) {
        refuse_kind(measure, first);
      } else {
        std::vector<Prepared<M, Sequence>> prepared(batch.size());
        at::parallel_for(0, batch.size(), 1, [&](int64_t begin, int64_t end) {
          for (auto i = begin; i < end; ++i)
            batch.read(i, [&](const auto& sequence) {
              if constexpr (std::same_as<Sequence, std::remove_cvref_t<decltype(sequence)>>) prepared[i] = measure.prepare(sequence);
            });
        });
        use(prepared);
      }
    });
  });
}

/// Calls work(i) for every i < count, in LibTorch's threads.
inline constexpr auto in_parallel = [](int64_t count, const auto& work) {
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (auto i = begin; i < end; ++i) work(i);
  });
};

}  // namespace idcl::trajectory::detail
