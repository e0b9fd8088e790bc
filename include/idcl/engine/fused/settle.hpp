#pragma once

#include "idcl/engine/fused/fold.hpp"

#include <ATen/Parallel.h>
#include <Eigen/Core>

#include <algorithm>
#include <atomic>
#include <vector>

namespace idcl::engine::fused {

/// Lets the task's positives change sides, of a set with itself that was folded while all were taken for negatives: one inner product
/// each. A row of which little is left would show the rounding of what was taken away, and so has all be folded again, as they are now.
inline void settle(Task& task, const Tensor& rows) {
  constexpr float enough = 1.0f / 8;
  const auto u = rows.contiguous();
  const auto n = u.size(0), width = u.size(1);
  const auto* x = u.const_data_ptr<float>();
  const auto sums = Sums::in(task.rows.data_ptr<float>(), n);
  const auto scales = Scales::of(task.scales);
  std::atomic<bool> fades = false;
  at::parallel_for(0, n, std::max<int64_t>(1, 32768 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
    using Row = Eigen::Map<const Eigen::VectorXf>;
    for (int64_t i = begin; i < end; ++i) {
      float taken = 0;
      task.places.visit(i, 0, n, [&](int64_t j) {
        const float s = Row(x + i * width, width).dot(Row(x + j * width, width));
        taken += std::exp((s - sums.negative_max[i]) * scales.repulsion);
        sums.add_positive(i, s, scales);
      });
      const float left = sums.negative_sum[i] - taken;
      if (!(left >= enough * sums.negative_sum[i])) fades = true;
      sums.negative_sum[i] = left;
    }
  });
  if (fades) fold_all(PlainLogits{}, task, u, u);
}

}  // namespace idcl::engine::fused
