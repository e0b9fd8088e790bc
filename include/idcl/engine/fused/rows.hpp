#pragma once

#include "idcl/engine/fused/eager.hpp"
#include "idcl/engine/fused/follow.hpp"
#include "idcl/objective/fusible_rows.hpp"

#include <algorithm>
#include <limits>
#include <vector>

/// The passes of objectives that see whole rows: some anchors against all references at a time.
namespace idcl::engine::fused {

/// Calls `visit(i, pairs, exceptions)` for each row i of a strip, its positives taken out of it.
template <class Visit>
void for_each_row(const Task& task, const Place& place, const Strip& strip, int64_t m, float* tile, const Visit& visit) {
  take_out(task, place, strip, /*with_columns=*/false, tile);
  std::vector<float> positives;
  const Exception *pair = strip.exceptions.data(), *const end = pair + strip.exceptions.size();
  for (int64_t row = strip.begin; row < strip.end; ++row) {
    const auto* first = pair;
    positives.clear();
    for (; pair != end && pair->row == row; ++pair) positives.push_back(pair->s);
    const auto i = place.row + row, count = static_cast<int64_t>(positives.size());
    visit(i,
          RowPairs{.s = tile + row * place.stride(),
                   .width = place.stride(),
                   .negatives = m - count - (task.places.skips_self && i < m ? 1 : 0),
                   .positives = positives.data(),
                   .count = count},
          first);
  }
}

/// Puts dL/d product in place of a strip's similarities; `weight(i)` is what a row's loss weighs.
template <FusibleRows O, class Weight>
void weigh_rows(const O& objective, const Task& task, const Place& place, const Strip& strip, int64_t m, float* tile, const Weight& weight) {
  const auto follow = Follow::of(task.metric);
  std::vector<float> row(follow.is_plain() ? 0 : static_cast<std::size_t>(place.stride()));  // as it was
  for_each_row(task, place, strip, m, tile, [&](int64_t i, const RowPairs& pairs, const Exception* exceptions) {
    std::copy_n(pairs.s, row.size(), row.data());
    simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) {
      using V = simd::Vector<float, bytes>;
      objective.row_slopes(bytes, pairs, weight(i));
      for (std::size_t j = 0; j < row.size(); j += sizeof(V) / sizeof(float)) {
        V s, slope;
        simd::load(s, row.data() + j);
        simd::load(slope, pairs.s + j);
        follow(slope, s);
        simd::store(pairs.s + j, slope);
      }
    });
    for (int64_t k = 0; k < pairs.count; ++k) {
      float slope = pairs.positives[k];
      follow(slope, exceptions[k].s);
      pairs.s[exceptions[k].col] = slope;
    }
  });
}

/// The state of an objective that sees whole rows, and, where the task is eager, the slopes of the rows' sum.
template <FusibleRows O>
typename O::Rows fold_rows(const O& objective, Task& task, const Tensor& u, const Tensor& v) {
  const auto n = u.size(0), m = v.size(0);
  const auto losses = at::empty({n}, u.options()), numbers = at::empty({n}, u.options());
  auto *loss = losses.data_ptr<float>(), *terms = numbers.data_ptr<float>();
  if (task.eager) begin_eager(task, u, v);
  for_each_product(task, u, v, [&](const Place& place, const Tensor& memory) {
    auto* tile = memory.data_ptr<float>();
    for_each_strip(place, [&](const Strip& strip) {
      for_each_row(task, place, strip, m, tile, [&](int64_t i, const RowPairs& pairs, const Exception*) {
        simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) {
          const RowCost cost = objective.row_cost(bytes, pairs);
          loss[i] = static_cast<float>(cost.loss);
          terms[i] = static_cast<float>(cost.terms);
        });
      });
      put_back(strip.exceptions, place.stride(), tile);
      if (task.eager) weigh_rows(objective, task, place, strip, m, tile, [](int64_t) { return 1.0f; });
    });
    if (task.eager) add_tile(task, place, memory, u, v, task.eager_u, task.eager_v);
  });
  for (const auto i : task.places.lost) loss[i] = std::numeric_limits<float>::quiet_NaN();
  return objective.gather(losses, numbers);
}

/// Adds the slopes of u and v, of the rows' losses weighted by `upstream`, to what is there, where defined.
template <FusibleRows O>
void add_row_slopes(const O& objective, Task& task, const Tensor& u, const Tensor& v, const Tensor& upstream, const Tensor& grad_u,
                    const Tensor& grad_v) {
  const auto weights = upstream.contiguous();
  const auto* weight = weights.template const_data_ptr<float>();
  add_slopes(task, u, v, grad_u, grad_v, [&](const Place& place, const Strip& strip, float* tile) {
    weigh_rows(objective, task, place, strip, v.size(0), tile, [&](int64_t i) { return weight[i]; });
  });
}

}  // namespace idcl::engine::fused
