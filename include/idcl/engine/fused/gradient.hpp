#pragma once

#include "idcl/engine/fused/task.hpp"

#include <vector>

namespace idcl::engine::fused {

/// What the slopes of one side's pairs are made of, an array each, as long as a row is padded.
struct Weights {
  std::vector<float> negative_max, negative;  ///< of each row: where exponentials are 1, and the slope there
  std::vector<float> positive_max, inverse_sum, inverse_count, attraction, spread;

  Weights(const Tensor& memory, const RowSlopes& slopes) {
    const auto n = memory.size(1);
    const auto sums = Sums::in(memory.data_ptr<float>(), n);
    const auto given = [&](const Tensor& slope) { return slope.defined() ? slope.contiguous() : at::zeros({n}, memory.options()); };
    const auto repulsion = given(slopes.repulsion), attractions = given(slopes.attraction), spreads = given(slopes.spread);
    const auto fill = [&](std::vector<float>& out, const auto& value) {
      out.assign(static_cast<std::size_t>(n + kLanes), 0);
      for (int64_t i = 0; i < n; ++i) out[static_cast<std::size_t>(i)] = value(i);
    };
    const auto copy = [](const float* from) { return [from](int64_t i) { return from[i]; }; };
    const auto inverse = [](const float* from) { return [from](int64_t i) { return from[i] == 0 ? 0.0f : 1 / from[i]; }; };
    fill(negative_max, copy(sums.negative_max));
    fill(negative, [&, a = repulsion.const_data_ptr<float>(), of = inverse(sums.negative_sum)](int64_t i) { return a[i] * of(i); });
    fill(positive_max, copy(sums.positive_max));
    fill(inverse_sum, inverse(sums.positive_sum));
    fill(inverse_count, inverse(sums.count));
    fill(attraction, copy(attractions.const_data_ptr<float>()));
    fill(spread, copy(spreads.const_data_ptr<float>()));
  }

  float slope(int64_t row, float s, bool is_positive, float scale) const {
    const auto i = static_cast<std::size_t>(row);
    if (!is_positive) return negative[i] * std::exp((s - negative_max[i]) * scale);
    const float share = inverse_sum[i] * std::exp((s - positive_max[i]) * scale);
    return attraction[i] * share + spread[i] * (share - inverse_count[i]);
  }
};

/// dL/ds of rows [begin, end) of a tile, in place of s.
template <bool with_columns>
void weigh_strip(const Task& task, const Place& place, int64_t begin, int64_t end, float* tile, const Weights& rows,
                 const Weights& columns) {
  std::vector<Exception> exceptions;
  take_out(task.places, place, begin, end, with_columns, tile, exceptions);
  const auto row = place.row + begin;
  weigh<with_columns>(task.isa, {tile + begin * place.stride(), end - begin, place.stride(), place.stride()}, task.scale,
                      rows.negative_max.data() + row, rows.negative.data() + row,
                      with_columns ? columns.negative_max.data() + place.col : nullptr,
                      with_columns ? columns.negative.data() + place.col : nullptr);
  for (const auto& pair : exceptions) {
    auto slope = rows.slope(place.row + pair.row, pair.s, pair.positive_of_row, task.scale);
    if constexpr (with_columns) slope += columns.slope(place.col + pair.col, pair.s, pair.positive_of_column, task.scale);
    tile[pair.row * place.stride() + pair.col] = slope;
  }
}

/// Adds the slopes of u and v to what is there, where defined; of a symmetric S, both are one. `columns` are read where S is symmetric or
/// both directions count. What was kept of forward is used up.
inline void add_slopes(Task& task, const Tensor& u, const Tensor& v, const Weights& rows, const Weights& columns, Tensor grad_u,
                       Tensor grad_v) {
  const auto scratch = task.keeps ? Tensor() : Workspace::of_this_thread().take(task.plan.tile_floats(), u.options());
  for_each_product(task, u, v, scratch, [&](const Place& place, const Tensor& memory) {
    auto* tile = memory.data_ptr<float>();
    for_each_strip(place, [&](int64_t begin, int64_t end, int64_t) {
      task.both || task.plan.symmetric ? weigh_strip<true>(task, place, begin, end, tile, rows, columns)
                                       : weigh_strip<false>(task, place, begin, end, tile, rows, columns);
    });
    const auto slopes = unskipped(place, memory);  // dL/ds
    const auto height = slopes.size(0), width = slopes.size(1);
    if (grad_u.defined()) grad_u.narrow(0, place.first_row(), height).addmm_(slopes, v.narrow(0, place.first_col(), width));
    if (grad_v.defined() && !(task.plan.symmetric && place.on_diagonal()))
      grad_v.narrow(0, place.first_col(), width).addmm_(slopes.t(), u.narrow(0, place.first_row(), height));
  });
  task.kept = Tensor();
  task.keeps = false;  // who asks again has them computed again
}

}  // namespace idcl::engine::fused
