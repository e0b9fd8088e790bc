#pragma once

#include "idcl/engine/fused/eager.hpp"
#include "idcl/engine/fused/fold.hpp"
#include "idcl/engine/fused/follow.hpp"
#include "idcl/objective/fusible_pairs.hpp"

#include <algorithm>
#include <limits>

/// The two passes of objectives whose pairs cost by themselves. What a pair costs is the same for both its sides: of a symmetric S it is
/// computed once.
namespace idcl::engine::fused {

/// The running sums of n rows (or columns), an array each: what `PairSums` is made of.
struct PairArrays {
  static constexpr int64_t fields = 5;
  float *negative_cost, *negative_violations, *positive_cost, *positive_violations, *positives;

  /// In `memory`, fields x n floats.
  static PairArrays in(float* memory, int64_t n) { return {memory, memory + n, memory + 2 * n, memory + 3 * n, memory + 4 * n}; }

  void clear(int64_t n) const { std::fill_n(negative_cost, fields * n, 0.0f); }

  void add_negative(int64_t i, float cost) const {
    negative_cost[i] += cost;
    negative_violations[i] += cost > 0;
  }
  void add_positive(int64_t i, float cost) const {
    positive_cost[i] += cost;
    positive_violations[i] += cost > 0;
    positives[i] += 1;
  }

  void merge(int64_t i, const PairArrays& other, int64_t j) const {
    negative_cost[i] += other.negative_cost[j];
    negative_violations[i] += other.negative_violations[j];
    positive_cost[i] += other.positive_cost[j];
    positive_violations[i] += other.positive_violations[j];
    positives[i] += other.positives[j];
  }
};

namespace detail {

template <int bytes, bool with_columns, class O>
[[gnu::always_inline]] inline void fold_pairs(const O& objective, const Block& block, const PairArrays& rows, const PairArrays& columns) {
  using V = simd::Vector<float, bytes>;
  constexpr int64_t lanes = bytes / sizeof(float);
  for (int64_t i = 0; i < block.rows; ++i) {
    const float* s = block.s + i * block.stride;
    V sum{}, violations{};
    for (int64_t j = 0; j < block.width; j += lanes) {
      V x, cost;
      simd::load(x, s + j);
      objective.negative(cost, x);
      const V one = cost > 0.0f ? V{} + 1.0f : V{};
      sum += cost;
      violations += one;
      if constexpr (with_columns) {
        V column;
        simd::load(column, columns.negative_cost + j);
        simd::store(columns.negative_cost + j, V(column + cost));
        simd::load(column, columns.negative_violations + j);
        simd::store(columns.negative_violations + j, V(column + one));
      }
    }
    rows.negative_cost[i] += simd::total(sum);
    rows.negative_violations[i] += simd::total(violations);
  }
}

/// s_ij = (a_i + b_j) n'(s_ij) in place, without b where there are no columns.
template <int bytes, bool with_columns, class O>
[[gnu::always_inline]] inline void weigh_pairs(const O& objective, const Block& block, const Follow& follow, const float* row_weight,
                                               const float* column_weight) {
  using V = simd::Vector<float, bytes>;
  constexpr int64_t lanes = bytes / sizeof(float);
  for (int64_t i = 0; i < block.rows; ++i) {
    float* s = block.s + i * block.stride;
    for (int64_t j = 0; j < block.width; j += lanes) {
      V x, slope, weight = V{} + row_weight[i];
      simd::load(x, s + j);
      objective.negative_slope(slope, x);
      if constexpr (with_columns) {
        V other;
        simd::load(other, column_weight + j);
        weight += other;
      }
      slope *= weight;
      follow(slope, x);
      simd::store(s + j, slope);
    }
  }
}

/// A negative by itself.
template <FusiblePairs O>
PairCost negative(const O& objective, float s) {
  simd::Vector<float, 16> x = simd::Vector<float, 16>{} + s, cost, slope;
  objective.negative(cost, x);
  objective.negative_slope(slope, x);
  return {cost[0], slope[0]};
}

}  // namespace detail

/// Folds a strip of a tile into the sums of its rows and, where `with_columns`, into those of its columns.
template <bool with_columns, FusiblePairs O>
void fold_strip_of_pairs(const O& objective, const Task& task, const Place& place, const Strip& strip, float* tile, const PairArrays& rows,
                         const PairArrays& columns) {
  take_out(task, place, strip, with_columns, tile);
  const auto first = place.row + strip.begin;
  const PairArrays here{rows.negative_cost + first, rows.negative_violations + first, rows.positive_cost, rows.positive_violations,
                        rows.positives};
  const auto block = strip.block(place, tile);
  simd::run(task.isa,
            [&](auto bytes) __attribute__((always_inline)) { detail::fold_pairs<bytes, with_columns>(objective, block, here, columns); });
  const auto add = [&](const PairArrays& to, int64_t i, float s, bool is_positive) {
    is_positive ? to.add_positive(i, static_cast<float>(objective.positive(s).loss))
                : to.add_negative(i, static_cast<float>(detail::negative(objective, s).loss));
  };
  for (const auto& pair : strip.exceptions) {
    add(rows, place.row + pair.row, pair.s, pair.positive_of_row);
    if constexpr (with_columns) add(columns, pair.col, pair.s, pair.positive_of_column);
  }
}

/// Puts dL/d product in place of a strip's similarities; of each row (and reference) the weight of its positives and of its negatives.
template <FusiblePairs O>
void weigh_strip_of_pairs(const O& objective, const Task& task, const Place& place, const Strip& strip, float* tile, const float* positive,
                          const float* negative) {
  const auto follow = Follow::of(task.metric);
  const bool with_columns = task.plan.symmetric;
  take_out(task, place, strip, with_columns, tile);
  const auto block = strip.block(place, tile);
  const auto *of_rows = negative + place.row + strip.begin, *of_columns = negative + place.col;
  simd::run(task.isa, [&](auto bytes) __attribute__((always_inline)) {
    with_columns ? detail::weigh_pairs<bytes, true>(objective, block, follow, of_rows, of_columns)
                 : detail::weigh_pairs<bytes, false>(objective, block, follow, of_rows, of_rows);
  });
  for (const auto& pair : strip.exceptions) {
    const auto slope = [&](int64_t i, bool is_positive) {
      return is_positive ? objective.positive(pair.s).slope * positive[i] : detail::negative(objective, pair.s).slope * negative[i];
    };
    auto sum = slope(place.row + pair.row, pair.positive_of_row);
    if (with_columns) sum += slope(place.col + pair.col, pair.positive_of_column);
    follow(sum, double{pair.s});
    tile[pair.row * place.stride() + pair.col] = static_cast<float>(sum);
  }
}

/// What rows weigh, and nothing for what pads them.
inline Tensor padded(const Tensor& weight) {
  const auto n = weight.size(0);
  const auto result = at::empty({n + kLanes}, weight.options());
  const auto from = weight.accessor<float, 1>();
  auto* to = result.data_ptr<float>();
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  std::fill_n(to + n, kLanes, 0.0f);
  return result;
}

/// The sums of all rows, of n with m.
inline PairSums sums_of(const Task& task, const Tensor& memory, int64_t m) {
  const auto n = memory.size(1);
  const auto arrays = PairArrays::in(memory.data_ptr<float>(), n);
  const auto negatives = at::empty({n}, memory.options());
  auto* number = negatives.data_ptr<float>();
  for (int64_t i = 0; i < n; ++i)
    number[i] = static_cast<float>(m - (task.places.skips_self && i < m ? 1 : 0)) - arrays.positives[i];
  for (const auto i : task.places.lost) arrays.positive_cost[i] = std::numeric_limits<float>::quiet_NaN();
  return {.positive = {memory[2], memory[3], memory[4]}, .negative = {memory[0], memory[1], negatives}};
}

/// The state of an objective whose pairs cost by themselves, one pass over every tile, and, where the task is eager, the slopes of the
/// rows' sum.
template <FusiblePairs O>
typename O::Rows fold_rows(const O& objective, Task& task, const Tensor& u, const Tensor& v) {
  const auto n = u.size(0);
  const auto memory = at::zeros({PairArrays::fields, n}, u.options());
  const auto rows = PairArrays::in(memory.data_ptr<float>(), n);
  const StripSums<PairArrays> strips(task, u.options());
  Tensor unweighted;
  if (task.eager) {
    begin_eager(task, u, v);
    unweighted = padded(at::ones({std::max(n, v.size(0))}, u.options()));
  }
  for_each_product(task, u, v, strips.tile(), [&](const Place& place, const Tensor& tile_memory) {
    auto* tile = tile_memory.data_ptr<float>();
    const bool with_columns = task.folds_columns(place);
    for_each_strip(place, [&](const Strip& strip) {
      with_columns ? fold_strip_of_pairs<true>(objective, task, place, strip, tile, rows, strips.cleared(strip.k))
                   : fold_strip_of_pairs<false>(objective, task, place, strip, tile, rows, rows);
      if (task.kept.defined() || task.eager) put_back(strip.exceptions, place.stride(), tile);
    });
    if (task.eager) {
      const auto* ones = unweighted.template const_data_ptr<float>();
      for_each_strip(place, [&](const Strip& strip) { weigh_strip_of_pairs(objective, task, place, strip, tile, ones, ones); });
      add_tile(task, place, tile_memory, u, v, task.eager_u, task.eager_v);
    }
    if (!with_columns) return;
    for (int64_t k = 0; k < strips_of(place); ++k)
      for (int64_t j = place.skipped_cols; j < place.cols; ++j) rows.merge(place.col + j, strips.of(k), j);
  });
  return objective.gather(sums_of(task, memory, v.size(0)));
}

/// Adds the slopes of u and v, of the rows' losses weighted by `upstream`, to what is there, where defined.
template <FusiblePairs O>
void add_row_slopes(const O& objective, Task& task, const Tensor& u, const Tensor& v, const Tensor& upstream, const Tensor& grad_u,
                    const Tensor& grad_v) {
  const auto weights = objective.weights(upstream);
  const auto of_positives = padded(weights.positive), of_negatives = padded(weights.negative);
  const auto *positive = of_positives.template const_data_ptr<float>(), *negative = of_negatives.template const_data_ptr<float>();
  add_slopes(task, u, v, grad_u, grad_v, [&](const Place& place, const Strip& strip, float* tile) {
    weigh_strip_of_pairs(objective, task, place, strip, tile, positive, negative);
  });
}

}  // namespace idcl::engine::fused
