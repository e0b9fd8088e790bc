#pragma once

#include "idcl/core/check.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

namespace idcl::trajectory::detail {

using at::Tensor;

/// How long each pair's sequences are.
struct PairLengths {
  std::vector<int64_t> x, y;  ///< [B]
};

/// Squared Euclidean costs [B, N, M] by one matrix product, 0 at least.
inline Tensor squared_distances(const Tensor& x, const Tensor& y) {
  const auto xx = x.square().sum(2).unsqueeze(2), yy = y.square().sum(2).unsqueeze(1);  // [B, N, 1], [B, 1, M]
  return (xx + yy - 2 * at::bmm(x, y.transpose(1, 2))).clamp_min(0);
}

/// Soft-DTW of each pair from its costs [B, N, M], by anti-diagonals of the whole batch, on any device: [B]. Plain ATen: differentiable
/// any number of times, in memory O(B N M). Costs beyond a pair's lengths must be finite; they count for nothing.
inline Tensor soft_dtw_of_costs(const Tensor& costs, const PairLengths& lengths, double gamma) {
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  const auto b = costs.size(0), n = costs.size(1), m = costs.size(2);
  const auto options = costs.options().requires_grad(false);
  std::vector<int64_t> last(b);  // the anti-diagonal on which each pair ends
  for (int64_t i = 0; i < b; ++i) last[i] = lengths.x[i] + lengths.y[i] - 2;
  const std::set<int64_t> stops(last.begin(), last.end());
  const auto ends = at::tensor(last, at::kLong).to(costs.device());                    // [B]
  const auto rows = at::tensor(lengths.x, at::kLong).to(costs.device()).unsqueeze(1);  // [B, 1]
  const auto skewed =
      at::constant_pad_nd(costs, {0, n}).flatten(1).narrow(1, 0, n * (n + m - 1)).reshape({b, n, n + m - 1});  // (i, j) at (i, i + j)
  const auto diagonals = skewed.permute({2, 0, 1}).contiguous().unbind(0);                                     // [n + m - 1] of [B, N]
  auto before = at::full({b, n + 1}, infinity, options), previous = at::full({b, n + 1}, infinity, options);   // R by row, from row 0
  before.select(1, 0).zero_();
  auto result = at::zeros({b}, options);
  for (int64_t s = 0; s <= n + m - 2; ++s) {
    const auto low = std::max<int64_t>(0, s - m + 1), count = std::min(n - 1, s) - low + 1;
    const auto three = at::stack({before.narrow(1, low, count), previous.narrow(1, low, count), previous.narrow(1, low + 1, count)});
    const auto values = diagonals[s].narrow(1, low, count) - gamma * at::logsumexp(three / -gamma, 0);  // [B, count]
    before = previous;
    previous = at::constant_pad_nd(values, {low + 1, n - low - count}, infinity);
    if (stops.contains(s)) result = at::where(ends == s, previous.gather(1, rows).squeeze(1), result);
  }
  return result;
}

/// Soft-DTW of pairs x [B, N, D], y [B, M, D] of one type and device, or its divergence; rows past the lengths must be finite.
inline Tensor soft_dtw_aten(const Tensor& x, const Tensor& y, const PairLengths& lengths, double gamma, bool divergence) {
  const auto between = soft_dtw_of_costs(squared_distances(x, y), lengths, gamma);
  if (!divergence) return between;
  const auto of_x = soft_dtw_of_costs(squared_distances(x, x), {lengths.x, lengths.x}, gamma);
  const auto of_y = soft_dtw_of_costs(squared_distances(y, y), {lengths.y, lengths.y}, gamma);
  return between - (of_x + of_y) / 2;
}

}  // namespace idcl::trajectory::detail
