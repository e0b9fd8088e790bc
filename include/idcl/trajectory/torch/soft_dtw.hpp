#pragma once

#include "idcl/trajectory/detail/soft.hpp"
#include "idcl/trajectory/torch/batch.hpp"
#include "idcl/trajectory/torch/soft_dtw_aten.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>

namespace idcl::trajectory {

namespace detail {

/// Rows of a pair's sequence, in and out of a packed group.
using Rows = RowMajor<double>;

inline Rows rows_of(const Tensor& x, int64_t pair, int64_t length) {
  return Frames<double>(x.const_data_ptr<double>() + pair * x.stride(0), length, x.size(2));
}

/// to[pair] += weight * lane l of a packed gradient.
inline void add_lane(const Tensor& to, int64_t pair, const std::vector<double>& packed, int64_t length, int l, double weight) {
  auto* out = to.data_ptr<double>() + pair * to.stride(0);
  for (int64_t at = 0; at < length * to.size(2); ++at) out[at] += weight * packed[at * lanes<double> + l];
}

/// What one group of pairs gives: values, and gradients where asked for.
struct SoftBatch {
  Tensor x, y;  ///< [B, N, D], [B, M, D], float64, contiguous
  PairLengths lengths;
  double gamma;
  bool divergence;
  Tensor value, to_x, to_y;  ///< [B]; as x and y, zeros, or undefined

  /// Adds `weight` times soft-DTW of lanes a and b to the values of their pairs, and its gradients.
  void add(std::span<const int64_t> pairs, const std::vector<Rows>& a, const std::vector<Rows>& b, double weight, const Tensor& to_a,
           const Tensor& to_b) const {
    const auto count = static_cast<int>(pairs.size());
    const auto first = pack<double>(count, [&](int l) { return &a[l]; }), second = pack<double>(count, [&](int l) { return &b[l]; });
    std::array<double, lanes<double>> values;
    if (to_a.defined() || to_b.defined()) {
      const auto gradient = soft_gradient(gamma, first, second);
      values = gradient.value;
      for (int l = 0; l < count; ++l) {
        if (to_a.defined()) add_lane(to_a, pairs[l], gradient.a, a[l].rows(), l, weight);
        if (to_b.defined()) add_lane(to_b, pairs[l], gradient.b, b[l].rows(), l, weight);
      }
    } else {
      std::array<int64_t, lanes<double>> no_band;
      no_band.fill(std::numeric_limits<int64_t>::max());
      values = sweep(Softening{gamma}, cost::SquaredEuclidean{}, first, second, no_band);
    }
    for (int l = 0; l < count; ++l) value.data_ptr<double>()[pairs[l]] += weight * values[l];
  }

  /// Pairs of like lengths, a register's lanes of them at a time, in parallel: O(N M) memory for each group in flight.
  void run() const {
    std::vector<int64_t> order(value.numel());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int64_t i, int64_t j) { return std::tuple(lengths.x[i], lengths.y[i], i) < std::tuple(lengths.x[j], lengths.y[j], j); });
    const auto all = static_cast<int64_t>(lanes<double>), groups = (value.numel() + all - 1) / all;
    at::parallel_for(0, groups, 1, [&](int64_t begin, int64_t end) {
      for (auto g = begin; g < end; ++g) {
        const auto pairs = std::span(order).subspan(g * all, std::min(all, value.numel() - g * all));
        std::vector<Rows> a, b;
        for (const auto pair : pairs) {
          a.push_back(rows_of(x, pair, lengths.x[pair]));
          b.push_back(rows_of(y, pair, lengths.y[pair]));
          for (const auto* rows : {&a.back(), &b.back()})
            check_finite("soft_dtw", Frames<double>(rows->data(), rows->rows(), rows->cols()));
        }
        add(pairs, a, b, 1, to_x, to_y);
        if (!divergence) continue;
        add(pairs, a, a, -0.5, to_x, to_x);
        add(pairs, b, b, -0.5, to_y, to_y);
      }
    });
  }
};

inline PairLengths pair_lengths(const Tensor& x_lengths, const Tensor& y_lengths) {
  const auto list = [](const Tensor& lengths) {
    const auto* first = lengths.const_data_ptr<int64_t>();
    return std::vector<int64_t>(first, first + lengths.numel());
  };
  return {list(x_lengths), list(y_lengths)};
}

/// By anti-diagonals in ATen, padding cleared: it may hold anything.
inline Tensor soft_dtw_composed(const Tensor& x, const Tensor& y, const Tensor& x_lengths, const Tensor& y_lengths, double gamma,
                                bool divergence) {
  const auto without_padding = [](const Tensor& rows, const Tensor& lengths) {
    const auto place = at::arange(rows.size(1), rows.options().dtype(at::kLong).requires_grad(false));
    return rows.masked_fill((place >= lengths.to(rows.device()).unsqueeze(1)).unsqueeze(2), 0);
  };
  return soft_dtw_aten(without_padding(x, x_lengths), without_padding(y, y_lengths), pair_lengths(x_lengths, y_lengths), gamma, divergence);
}

/// Values with the gradient computed along, since each is a scalar of its own pair: backward only scales. A second derivative goes
/// through ATen's composition.
struct SoftDtwFunction : torch::autograd::Function<SoftDtwFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& y, const Tensor& x_lengths,
                        const Tensor& y_lengths, double gamma, bool divergence, bool needs_x, bool needs_y) {
    SoftBatch batch{.x = x.contiguous(),
                    .y = y.contiguous(),
                    .lengths = pair_lengths(x_lengths, y_lengths),
                    .gamma = gamma,
                    .divergence = divergence,
                    .value = at::zeros({x.size(0)}, x.options()),
                    .to_x = needs_x ? at::zeros(x.sizes(), x.options()) : Tensor(),
                    .to_y = needs_y ? at::zeros(y.sizes(), y.options()) : Tensor()};
    as_value_error([&] { batch.run(); });
    context->save_for_backward({x, y, x_lengths, y_lengths, batch.to_x, batch.to_y});
    context->saved_data["gamma"] = gamma;
    context->saved_data["divergence"] = divergence;
    return batch.value;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    torch::autograd::variable_list slopes(8);
    if (c10::GradMode::is_enabled()) {
      // nodes of their own: where one depends on the other, its slope goes its way once
      const auto x = saved[0].alias(), y = saved[1].alias();
      const auto value =
          soft_dtw_composed(x, y, saved[2], saved[3], context->saved_data["gamma"].toDouble(), context->saved_data["divergence"].toBool());
      torch::autograd::variable_list leaves;
      for (const auto& rows : {x, y})
        if (rows.requires_grad()) leaves.push_back(rows);
      auto found = torch::autograd::grad({value}, leaves, {upstream[0]}, /*retain_graph=*/true, /*create_graph=*/true);
      for (int i : {1, 0})
        if (saved[i].requires_grad()) slopes[i] = found.back(), found.pop_back();
      return slopes;
    }
    for (int i : {0, 1})
      if (saved[4 + i].defined()) slopes[i] = saved[4 + i] * upstream[0].view({-1, 1, 1});
    return slopes;
  }
};

/// Soft-DTW, or its divergence, of pairs x [B, N, D] and y [B, M, D] with int64 lengths [B] on the CPU: float64 [B], differentiable.
/// On the CPU by the kernel unless `composed`; elsewhere by anti-diagonals in ATen.
inline Tensor soft_dtw_batch(const Tensor& x, const Tensor& y, const Tensor& x_lengths, const Tensor& y_lengths, double gamma,
                             bool divergence, bool composed) {
  const auto a = x.to(at::kDouble), b = y.to(at::kDouble);
  if (x.is_cpu() && !composed) {
    const bool graph = c10::GradMode::is_enabled();
    return SoftDtwFunction::apply(a, b, x_lengths, y_lengths, gamma, divergence, graph && a.requires_grad(), graph && b.requires_grad());
  }
  return soft_dtw_composed(a, b, x_lengths, y_lengths, gamma, divergence);
}

}  // namespace detail
}  // namespace idcl::trajectory
