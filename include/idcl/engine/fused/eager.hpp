#pragma once

#include "idcl/engine/fused/gradient.hpp"

#include <algorithm>
#include <utility>

/// Slopes taken in forward. Where a pair's slope asks for no more than its own row, a tile has it while its similarities are at hand: what
/// backward would multiply out again is saved. They are the slopes of the plain sum of all rows, and so, but for a factor, of every
/// mean; where rows weigh differently in the end, backward starts again.
namespace idcl::engine::fused {

/// Where the slopes of forward gather, of those of u and v that have some.
inline void begin_eager(Task& task, const Tensor& u, const Tensor& v) {
  if (u.requires_grad()) task.eager_u = zero_slopes(u);
  if (v.requires_grad()) task.eager_v = zero_slopes(v);
}

/// Does every row weigh the same?
inline bool is_uniform(const Tensor& upstream) {
  if (upstream.dim() != 1 || upstream.numel() == 0) return false;
  const auto up = upstream.contiguous();
  const auto* weight = up.const_data_ptr<float>();
  return std::all_of(weight, weight + up.numel(), [&](float w) { return w == *weight; });
}

/// The slopes of u and v as forward found them, times what every row weighs.
inline std::pair<Tensor, Tensor> scaled(const Task& task, const Tensor& upstream) {
  const auto times = [weight = upstream.select(0, 0)](const Tensor& slopes) { return slopes.defined() ? slopes * weight : Tensor(); };
  return {times(task.eager_u), times(task.eager_v)};
}

}  // namespace idcl::engine::fused
