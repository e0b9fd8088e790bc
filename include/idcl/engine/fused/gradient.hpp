#pragma once

#include "idcl/engine/fused/task.hpp"

namespace idcl::engine::fused {

/// What the slopes of one side's pairs are made of, an array each, as long as a row is padded.
class Weights {
 public:
  /// Of sums, what the objective made of them, and the slopes of the rows' losses.
  Weights(const Task& task, const Tensor& memory, const Finished& finished, const Tensor& upstream)
      : scales_(Scales::of(task.scales)), memory_(at::empty({fields, memory.size(1) + kLanes}, memory.options())) {
    const auto n = memory.size(1), padded = memory_.size(1);
    const auto sums = Sums::in(memory.data_ptr<float>(), n);
    const auto up = upstream.contiguous();
    const auto *slope = finished.slopes.const_data_ptr<float>(), *of_row = up.const_data_ptr<float>();
    auto* out = memory_.data_ptr<float>();
    for (auto** field : {&negative_max, &negative, &positive_max, &inverse_sum, &inverse_count, &attraction, &spread}) {
      *field = out;
      std::fill(out + n, out + padded, 0.0f);
      out += padded;
    }
    const auto inverse = [](float x) { return x == 0 ? 0 : 1 / x; };
    for (int64_t i = 0; i < n; ++i) {
      const float attracted = of_row[i] * scales_.attraction * scales_.sign;
      negative_max[i] = sums.negative_max[i];
      negative[i] = slope[i] * (of_row[i] * scales_.repulsion) * inverse(sums.negative_sum[i]);
      positive_max[i] = sums.positive_max[i];
      inverse_sum[i] = inverse(sums.positive_sum[i]);
      inverse_count[i] = inverse(sums.count[i]);
      attraction[i] = slope[n + i] * attracted;
      spread[i] = slope[2 * n + i] * attracted;
    }
  }

  /// Of one pair by itself.
  template <class Logits>
  float slope(const Logits& logits, int64_t i, float s, bool is_positive) const {
    float logit = s, slope = 0;
    if (is_positive) {
      logits.bend_positive(logit);
      const float share = inverse_sum[i] * std::exp((logit * scales_.sign - positive_max[i]) * scales_.attraction);
      slope = attraction[i] * share + spread[i] * (share - inverse_count[i]);
      logits.follow_positive(slope, s);
    } else {
      logits.bend_negative(logit);
      slope = negative[i] * std::exp((logit - negative_max[i]) * scales_.repulsion);
      logits.follow_negative(slope, s);
    }
    return slope;
  }

  float *negative_max, *negative;  ///< of each row: where exponentials are 1, and the slope there

 private:
  static constexpr int64_t fields = 7;
  Scales scales_;
  Tensor memory_;
  float *positive_max, *inverse_sum, *inverse_count, *attraction, *spread;
};

/// dL/ds of a strip of a tile, in place of s.
template <bool with_columns, class Logits>
void weigh_strip(const Logits& logits, const Task& task, const Place& place, const Strip& strip, float* tile, const Weights& rows,
                 const Weights& columns) {
  take_out(task, place, strip, with_columns, tile);
  const auto row = place.row + strip.begin;
  const auto follow = Follow::of(task.metric);
  weigh<with_columns>(logits, follow, task.isa, strip.block(place, tile), static_cast<float>(task.scales.repulsion),
                      rows.negative_max + row, rows.negative + row, with_columns ? columns.negative_max + place.col : nullptr,
                      with_columns ? columns.negative + place.col : nullptr);
  for (const auto& pair : strip.exceptions) {
    auto slope = rows.slope(logits, place.row + pair.row, pair.s, pair.positive_of_row);
    if constexpr (with_columns) slope += columns.slope(logits, place.col + pair.col, pair.s, pair.positive_of_column);
    follow(slope, pair.s);
    tile[pair.row * place.stride() + pair.col] = slope;
  }
}

/// g_ij and g_ji both become their sum, of a matrix of n x n.
inline void add_mirror_image(simd::Isa isa, float* g, int64_t n, int64_t stride) {
  constexpr int64_t width = kLanes;
  for_each_to_and_fro(threads_for(n * n * width), (n + width - 1) / width,
                      [=](int64_t k) { simd::add_above_and_below(isa, g, stride, k * width, std::min(width, n - k * width)); });
}

/// Room for the slopes of x, which `add_tile` gathers: it reads nothing there where one tile is all there is.
inline Tensor room_for_slopes(const Task& task, const Tensor& x) { return task.has_one_tile() ? empty_slopes(x) : zero_slopes(x); }

/// Adds what a tile of slopes dL/ds adds to those of u and v, where defined; of a symmetric S, all to those of u.
inline void add_tile(const Task& task, const Place& place, const Tensor& memory, const Tensor& u, const Tensor& v, const Tensor& grad_u,
                     const Tensor& grad_v) {
  if (task.mirrored) add_mirror_image(task.isa, memory.data_ptr<float>(), place.rows, place.stride());
  const auto exact = unskipped(place, memory), slopes = task.is_exact() ? exact : exact.to(task.product);
  const auto height = slopes.size(0), width = slopes.size(1);
  const auto onto = task.has_one_tile() ? Onto::Nothing : Onto::Sum;
  if (grad_u.defined())
    gather_product(part(grad_u, place.first_row(), height), slopes, part(v, place.first_col(), width), onto, task.product, task.isa);
  if (task.is_own_mirror(place)) return;
  const auto &grad = task.one_side ? grad_u : grad_v, &others = task.one_side ? v : u;
  if (grad.defined())
    gather_product(part(grad, place.first_col(), width), turned(slopes), part(others, place.first_row(), height),
                   task.one_side ? Onto::Sum : onto, task.product, task.isa);
}

/// Adds the slopes of u and v to what is there, where defined; of a symmetric S, all to those of u. `weigh(place, strip, tile)` puts dL/ds in
/// place of s. What was kept of forward is used up.
template <class Weigh>
void add_slopes(Task& task, const Tensor& u, const Tensor& v, const Tensor& grad_u, const Tensor& grad_v, const Weigh& weigh) {
  for_each_product(task, u, v, [&](const Place& place, const Tensor& memory) {
    for_each_strip(place, [&](const Strip& strip) { weigh(place, strip, memory.data_ptr<float>()); });
    add_tile(task, place, memory, u, v, grad_u, grad_v);
  });
  task.kept = Tensor();  // who asks again has them computed again, and rounded again where they were
  if (task.keeps_floats()) task.room = 0;
}

/// The same of an objective of the softmax family. `columns` are read where S is symmetric or both directions count.
template <class Logits>
void add_slopes(const Logits& logits, Task& task, const Tensor& u, const Tensor& v, const Weights& rows, const Weights& columns,
                const Tensor& grad_u, const Tensor& grad_v) {
  add_slopes(task, u, v, grad_u, grad_v, [&](const Place& place, const Strip& strip, float* tile) {
    task.both || task.plan.symmetric ? weigh_strip<true>(logits, task, place, strip, tile, rows, columns)
                                     : weigh_strip<false>(logits, task, place, strip, tile, rows, rows);
  });
}

}  // namespace idcl::engine::fused
