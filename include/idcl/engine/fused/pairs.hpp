#pragma once

#include "idcl/engine/fused/gradient.hpp"

namespace idcl::engine::fused {

/// The row losses of an objective whose pairs cost by themselves, [N]: one pass over every tile.
template <FusiblePairs O>
Tensor fold_pairs(const O& objective, Task& task, const Tensor& u, const Tensor& v) {
  const auto losses = at::zeros({u.size(0)}, u.options());
  auto* loss = losses.template data_ptr<float>();
  for_each_product(task, u, v, [&](const Place& place, const Tensor& memory) {
    auto* tile = memory.data_ptr<float>();
    for_each_strip(place, [&](const Strip& strip) {
      take_out(task.places, place, strip.begin, strip.end, /*with_columns=*/false, tile, strip.exceptions);
      simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) {
        using V = simd::Vector<float, bytes>;
        for (int64_t i = strip.begin; i < strip.end; ++i) {
          const float* s = tile + i * place.stride();
          V sum{}, x, cost;
          for (int64_t j = 0; j < place.stride(); j += static_cast<int64_t>(sizeof(V) / sizeof(float))) {
            simd::load(x, s + j);
            objective.negative(cost, x);
            sum += cost;
          }
          loss[place.row + i] += detail::total(sum);
        }
      });
      for (const auto& pair : strip.exceptions) loss[place.row + pair.row] += static_cast<float>(objective.positive(pair.s).loss);
      if (task.kept.defined()) put_back(strip.exceptions, place.stride(), tile);
    });
  });
  return losses;
}

/// Adds the slopes of u and v, of the rows' losses weighted by `upstream`, to what is there, where defined.
template <FusiblePairs O>
void add_slopes_of_pairs(const O& objective, Task& task, const Tensor& u, const Tensor& v, const Tensor& upstream, const Tensor& grad_u,
                         const Tensor& grad_v) {
  const auto weights = upstream.contiguous();
  const auto* weight = weights.template const_data_ptr<float>();
  add_slopes(task, u, v, grad_u, grad_v, [&](const Place& place, const Strip& strip, float* tile) {
    take_out(task.places, place, strip.begin, strip.end, /*with_columns=*/false, tile, strip.exceptions);
    simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) {
      using V = simd::Vector<float, bytes>;
      for (int64_t i = strip.begin; i < strip.end; ++i) {
        float* s = tile + i * place.stride();
        for (int64_t j = 0; j < place.stride(); j += static_cast<int64_t>(sizeof(V) / sizeof(float))) {
          V x, slope;
          simd::load(x, s + j);
          objective.negative_slope(slope, x);
          simd::store(s + j, V(slope * weight[place.row + i]));
        }
      }
    });
    for (const auto& pair : strip.exceptions)
      tile[pair.row * place.stride() + pair.col] = static_cast<float>(objective.positive(pair.s).slope) * weight[place.row + pair.row];
  });
}

}  // namespace idcl::engine::fused
