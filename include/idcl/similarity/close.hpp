#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace idcl::similarity {

using at::Tensor;

/// values [n, m] with those marked `close` computed again: `exact(i, j)` of positions [c] -> [c], a bounded number of pairs at a time.
/// For differences of large numbers, of which nothing but rounding may be left. No gradient.
template <class Exact>
Tensor recompute(const Tensor& values, const Tensor& close, int64_t width, const Exact& exact) {
  const at::NoGradGuard no_grad;
  const auto pairs = close.nonzero();  // [c, 2]
  auto result = values.clamp_min(0);
  const auto chunk = std::max<int64_t>(1, values.numel() / std::max<int64_t>(width, 1) + 1);
  for (int64_t begin = 0; begin < pairs.size(0); begin += chunk) {
    const auto part = pairs.narrow(0, begin, std::min(chunk, pairs.size(0) - begin));
    const auto i = part.select(1, 0), j = part.select(1, 1);
    result.index_put_({i, j}, exact(i, j));
  }
  return result;
}

}  // namespace idcl::similarity
