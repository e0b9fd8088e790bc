#pragma once

#include "idcl/engine/fused/gradient.hpp"

#include <cstdint>
#include <optional>
#include <utility>

/// Slopes taken in forward. Where a pair's slope asks for no more than its own row, a tile has it while its similarities are at hand: what
/// backward would multiply out again is saved. They are the slopes of the plain sum of all rows, and so, but for a factor, of every
/// mean; where rows weigh differently in the end, backward starts again.
namespace idcl::engine::fused {

/// Where the slopes of forward gather, of those of u and v that have some.
inline void begin_eager(Task& task, const Tensor& u, const Tensor& v) {
  if (u.requires_grad()) task.eager_u = room_for_slopes(task, u);
  if (v.requires_grad() && !task.one_side) task.eager_v = room_for_slopes(task, v);
}

/// What every row weighs, if that is one number. `loss`: of an objective whose rows have no slopes where they have no loss, as with hinges:
/// there they may weigh what they will; undefined for others.
inline std::optional<float> common_weight(const Tensor& upstream, const Tensor& loss) {
  if (upstream.dim() != 1 || upstream.numel() == 0) return {};
  const auto up = upstream.contiguous(), losses = loss.defined() ? loss.contiguous() : up;
  const auto *weight = up.const_data_ptr<float>(), *of_row = losses.const_data_ptr<float>();
  std::optional<float> common;
  for (int64_t i = 0; i < up.numel(); ++i) {
    if (loss.defined() && of_row[i] == 0) continue;
    if (!common) common = weight[i];
    if (weight[i] != *common) return {};
  }
  return common ? common : *weight;
}

/// The slopes of u and v as forward found them, times what every row weighs.
inline std::pair<Tensor, Tensor> scaled(const Task& task, float weight) {
  const auto times = [=](const Tensor& slopes) { return slopes.defined() ? slopes * weight : Tensor(); };
  return {times(task.eager_u), times(task.eager_v)};
}

}  // namespace idcl::engine::fused
