#pragma once

#include "idcl/engine/fused/eager.hpp"
#include "idcl/engine/fused/follow.hpp"
#include "idcl/objective/fusible_rows.hpp"

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

/// Is what forward keeps of this tile its slopes? They stay where the similarities were; what is kept in half the bytes is no such place.
inline bool keeps_slopes(const Task& task, const Place& place) { return task.keeps(place) && task.keeps_floats(); }

/// Each row of a block times a number of its own.
inline void scale_rows(simd::Isa isa, const Block& block, const float* weight) {
  simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
    using V = simd::Vector<float, bytes>;
    for (int64_t i = 0; i < block.rows; ++i) {
      for (int64_t j = 0; j < block.width; j += static_cast<int64_t>(sizeof(V) / sizeof(float))) {
        V x;
        simd::load(x, block.s + i * block.stride + j);
        simd::store(block.s + i * block.stride + j, V(x * weight[i]));
      }
    }
  });
}

/// Puts dL/d product in place of a strip's similarities; `weight(i)` is what a row's loss weighs, `visit(i, cost)` hears what it is.
template <FusibleRows O, class Weight, class Visit>
void weigh_rows(const O& objective, const Task& task, const Place& place, const Strip& strip, int64_t m, float* tile, const Weight& weight,
                const Visit& visit) {
  const auto follow = Follow::of(task.metric);
  std::vector<float> slopes(static_cast<std::size_t>(place.stride()));
  for_each_row(task, place, strip, m, tile, [&](int64_t i, const RowPairs& pairs, const Exception* exceptions) {
    simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) {
      using V = simd::Vector<float, bytes>;
      visit(i, objective.row_slopes(bytes, pairs, weight(i), slopes.data()));
      for (std::size_t j = 0; j < slopes.size(); j += sizeof(V) / sizeof(float)) {
        V s, slope;
        simd::load(s, pairs.s + j);
        simd::load(slope, slopes.data() + j);
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

/// The state of an objective that sees whole rows, and, where there is to be a backward, the slopes of the rows' sum: gathered where the
/// task is eager, else in place of the similarities that it keeps.
template <FusibleRows O>
typename O::Rows fold_rows(const O& objective, Task& task, const Tensor& u, const Tensor& v) {
  const auto n = u.size(0), m = v.size(0);
  const auto losses = at::empty({n}, u.options()), numbers = at::empty({n}, u.options());
  auto *loss = losses.data_ptr<float>(), *terms = numbers.data_ptr<float>();
  const auto put = [=](int64_t i, const RowCost& cost) {
    loss[i] = static_cast<float>(cost.loss);
    terms[i] = static_cast<float>(cost.terms);
  };
  if (task.eager) begin_eager(task, u, v);
  for_each_product(task, u, v, [&](const Place& place, const Tensor& memory) {
    auto* tile = memory.data_ptr<float>();
    for_each_strip(place, [&](const Strip& strip) {
      if (task.eager || keeps_slopes(task, place))
        return weigh_rows(objective, task, place, strip, m, tile, [](int64_t) { return 1.0f; }, put);
      for_each_row(task, place, strip, m, tile, [&](int64_t i, const RowPairs& pairs, const Exception*) {
        simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) { put(i, objective.row_cost(bytes, pairs)); });
      });
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
  const bool known = task.kept.defined();
  add_slopes(task, u, v, grad_u, grad_v, [&](const Place& place, const Strip& strip, float* tile) {
    if (known && keeps_slopes(task, place)) return scale_rows(task.isa, strip.block(place, tile), weight + place.row + strip.begin);
    weigh_rows(objective, task, place, strip, v.size(0), tile, [&](int64_t i) { return weight[i]; }, [](int64_t, const RowCost&) {});
  });
}

}  // namespace idcl::engine::fused
