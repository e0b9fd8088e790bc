#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/simd.hpp"
#include "idcl/similarity/detail/row_kernels.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numeric>
#include <optional>
#include <vector>

namespace idcl::similarity::detail {

using at::Tensor;

/// `scaled_rows` in one call each way: contiguous float32 rows on the CPU.
struct ScaledRows : torch::autograd::Function<ScaledRows> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& scale,
                        const std::optional<Tensor>& last) {
    const auto n = x.size(0), width = x.size(1);
    const auto result = empty_rows(n, width + (last ? 1 : 0), x.options());
    const auto factor = scale.item<float>(), column = last ? last->item<float>() : 0;
    const auto pitch = result.stride(0);
    const auto* from = x.const_data_ptr<float>();
    auto* to = result.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const float* row = from + i * width;
      float* out = to + i * pitch;
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) { combine<bytes>(out, factor, row, 0, row, width); });
      if (last) out[width] = column;
    });
    context->save_for_backward({x, scale});
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &scale = saved[1];
    const bool of_x = context->needs_input_grad(0), of_scale = context->needs_input_grad(1);
    const bool of_last = upstream[0].size(1) > x.size(1) && context->needs_input_grad(2);
    if (c10::GradMode::is_enabled()) {
      const auto g = upstream[0].narrow(1, 0, x.size(1));
      return {of_x ? g * scale : Tensor(), of_scale ? (g * x).sum() : Tensor(),
              of_last ? upstream[0].select(1, x.size(1)).sum() : Tensor()};
    }
    return slopes(x, scale.item<float>(), with_dense_rows(upstream[0]), of_x, of_scale, of_last);
  }

 private:
  /// f g, sum <x_i, g_i> and the sum of g's last column.
  static torch::autograd::variable_list slopes(const Tensor& x, float factor, const Tensor& g, bool of_x, bool of_scale, bool of_last) {
    const auto n = x.size(0), width = x.size(1), pitch = g.stride(0);
    const auto *rows = x.const_data_ptr<float>(), *up = g.const_data_ptr<float>();
    const auto result = of_x ? at::empty({n, width}, x.options()) : Tensor();
    auto* to = of_x ? result.data_ptr<float>() : nullptr;
    std::vector<double> along(of_scale ? static_cast<std::size_t>(n) : 0);
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const auto *row = rows + i * width, *slope = up + i * pitch;
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        if (of_scale) along[static_cast<std::size_t>(i)] = dot<bytes>(row, slope, width);
        if (of_x) combine<bytes>(to + i * width, factor, slope, 0, slope, width);
      });
    });
    double sum = 0;
    if (of_last)
      for (int64_t i = 0; i < n; ++i) sum += up[i * pitch + width];
    const auto number = [&](bool wanted, double value) { return wanted ? at::scalar_tensor(value, x.options()) : Tensor(); };
    return {result, number(of_scale, std::accumulate(along.begin(), along.end(), 0.0)), number(of_last, sum)};
  }
};

/// [scale x_i, last], [N, D + 1], or [scale x_i], [N, D], where there is no last; both are 0-d. Differentiable any number of times.
inline Tensor scaled_rows(const Tensor& x, const Tensor& scale, const std::optional<Tensor>& last) {
  if (is_plain(x) && is_plain(scale) && (!last || is_plain(*last))) return ScaledRows::apply(x, scale, last);
  const auto scaled = x * scale;
  return last ? at::cat({scaled, last->expand({x.size(0), 1})}, 1) : scaled;
}

}  // namespace idcl::similarity::detail
