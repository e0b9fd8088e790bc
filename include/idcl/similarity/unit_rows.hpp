#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/simd.hpp"
#include "idcl/similarity/detail/row_kernels.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

namespace idcl::similarity {

using at::Tensor;

namespace detail {

/// 1 / sqrt(max(|x_i|^2, least)) by ATen, [N, 1]: finite to any derivative, which 1 / |x_i| through the norm is not at a row of zeros. Long
/// rows are squared in parts of their largest number, so that no square is infinite where the norm is not.
inline Tensor inverse_norms(const Tensor& x, double least) {
  const auto part = x.size(1) > 0 ? x.detach().abs().amax(1, /*keepdim=*/true).clamp_min(1) : at::ones({x.size(0), 1}, x.options());
  return (x / part).square().sum(1, /*keepdim=*/true).clamp_min(part.square().reciprocal() * least).rsqrt() / part;
}

/// x_i / sqrt(max(|x_i|^2, least)) by ATen: [N, D].
inline Tensor unit_rows(const Tensor& x, double least) { return x * inverse_norms(x, least); }

/// The same in one call each way, where batches are small and every operator shows: contiguous float32 rows on the CPU.
struct UnitRows : torch::autograd::Function<UnitRows> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, double least) {
    const auto n = x.size(0), width = x.size(1);
    const auto unit = at::empty({n, width}, x.options()), inverse = at::empty({n}, x.options());
    const auto* from = x.const_data_ptr<float>();
    auto *to = unit.data_ptr<float>(), *norm = inverse.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const float* row = from + i * width;
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        norm[i] = static_cast<float>(1 / std::sqrt(std::max(squared_norm<bytes>(row, width), least)));
        combine<bytes>(to + i * width, norm[i], row, 0, row, width);
      });
    });
    context->save_for_backward({x, unit, inverse});
    context->saved_data["least"] = least;
    return unit;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const auto least = context->saved_data["least"].toDouble();
    return {c10::GradMode::is_enabled() ? differentiable(saved[0], least, upstream[0])
                                        : slope(saved[1], saved[2], static_cast<float>(least), with_dense_rows(upstream[0])),
            Tensor()};
  }

 private:
  /// (g_i - y_i <y_i, g_i>) / |x_i|, or g_i / sqrt(least) where a row is shorter: [N, D].
  static Tensor slope(const Tensor& unit, const Tensor& inverse, float least, const Tensor& g) {
    const auto n = unit.size(0), width = unit.size(1), pitch = g.stride(0);
    const auto result = at::empty({n, width}, unit.options());
    const auto *y = unit.const_data_ptr<float>(), *norm = inverse.const_data_ptr<float>(), *up = g.const_data_ptr<float>();
    const float longest = 1 / std::sqrt(least);
    auto* to = result.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const auto *row = y + i * width, *slope_row = up + i * pitch;
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        const float along = norm[i] < longest ? dot<bytes>(row, slope_row, width) : 0;
        combine<bytes>(to + i * width, norm[i], slope_row, -along * norm[i], row, width);
      });
    });
    return result;
  }

  static Tensor differentiable(const Tensor& x, double least, const Tensor& g) {
    const auto squared = x.detach().square().sum(1, /*keepdim=*/true);  // [N, 1]
    const auto inverse = inverse_norms(x, least), unit = x * inverse;
    return (g - unit * (unit * g).sum(1, /*keepdim=*/true).masked_fill(squared <= least, 0)) * inverse;
  }
};

}  // namespace detail

/// The squared norm below which a row counts as this long.
inline double least_square(double eps) {
  constexpr double smallest = 1e-37;  // of a square, in float32
  return std::max(eps * eps, smallest);
}

/// x_i / max(|x_i|, eps), [N, D]; differentiable any number of times, also at a row of zeros.
inline Tensor unit_rows(const Tensor& x, double eps) {
  const auto least = least_square(eps);
  return is_plain(x) ? detail::UnitRows::apply(x, least) : detail::unit_rows(x, least);
}

}  // namespace idcl::similarity
