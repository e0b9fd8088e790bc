#pragma once

#include "idcl/similarity/unit_rows.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

namespace idcl::similarity::detail {

/// Rows whose inner products are squared distances: [y, |y|^2, 1] of anchors, [-2 y, 1, |y|^2] of references, y = x or x / |x|.
struct Widening {
  bool unit;       ///< brought to unit length?
  bool reference;  ///< or an anchor?
  double least;    ///< of a squared norm that is divided by

  float factor() const { return reference ? -2.0f : 1.0f; }
  int64_t square_at(int64_t width) const { return width + (reference ? 1 : 0); }
  int64_t one_at(int64_t width) const { return width + (reference ? 0 : 1); }
};

/// By ATen.
inline Tensor widened_rows(const Tensor& x, const Widening& how) {
  const auto rows = how.unit ? unit_rows(x, how.least) : x;
  const auto squared = rows.square().sum(1, /*keepdim=*/true), one = at::ones_like(squared);  // [N, 1]
  return how.reference ? at::cat({rows * -2, one, squared}, 1) : at::cat({rows, squared, one}, 1);
}

/// The same in one call each way: contiguous float32 rows on the CPU.
struct WidenedRows : torch::autograd::Function<WidenedRows> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, bool unit, bool reference, double least) {
    const Widening how{unit, reference, least};
    const auto n = x.size(0), width = x.size(1);
    const auto widened = at::empty({n, width + 2}, x.options()), inverse = at::empty({n}, x.options());
    const auto* from = x.const_data_ptr<float>();
    auto *to = widened.data_ptr<float>(), *length = inverse.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const float* row = from + i * width;
      float* out = to + i * (width + 2);
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        const double squared = squared_norm<bytes>(row, width);
        length[i] = unit ? static_cast<float>(1 / std::sqrt(std::max(squared, least))) : 1.0f;
        combine<bytes>(out, length[i] * how.factor(), row, 0, row, width);
        out[how.square_at(width)] = static_cast<float>(unit ? squared / std::max(squared, least) : squared);
        out[how.one_at(width)] = 1;
      });
    });
    context->save_for_backward({x, widened, inverse});
    context->saved_data["unit"] = unit;
    context->saved_data["reference"] = reference;
    context->saved_data["least"] = least;
    context->set_materialize_grads(false);
    return widened;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    if (!upstream[0].defined()) return torch::autograd::variable_list(4);  // of references whose slopes went to them as anchors
    const auto saved = context->get_saved_variables();
    const Widening how{context->saved_data["unit"].toBool(), context->saved_data["reference"].toBool(),
                       context->saved_data["least"].toDouble()};
    return {c10::GradMode::is_enabled() ? differentiable(saved[0], how, upstream[0])
                                        : slope(saved[1], saved[2], how, with_dense_rows(upstream[0])),
            Tensor(), Tensor(), Tensor()};
  }

 private:
  /// With h = f g + 2 g_q y, the slope in y: h, or (h - y <y, h>) / |x|, or h / sqrt(least) where a row is shorter. [N, D]
  static Tensor slope(const Tensor& widened, const Tensor& inverse, const Widening& how, const Tensor& g) {
    const auto n = widened.size(0), width = widened.size(1) - 2, pitch = g.stride(0);
    const auto result = at::empty({n, width}, widened.options());
    const auto *rows = widened.const_data_ptr<float>(), *length = inverse.const_data_ptr<float>(), *up = g.const_data_ptr<float>();
    const auto longest = static_cast<float>(1 / std::sqrt(how.least)), factor = how.factor();
    auto* to = result.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const float *row = rows + i * (width + 2), *of_row = up + i * pitch;  // factor y, and the slope in it
      const float of_square = 2 * of_row[how.square_at(width)] / factor;    // times the scaled row
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        // what lies along a row changes no direction: where one was brought to unit length, its square's slope is of that kind
        const bool keeps_length = !how.unit || length[i] >= longest;
        const float along = keeps_length ? of_square : -dot<bytes>(row, of_row, width) / factor;
        combine<bytes>(to + i * width, factor * length[i], of_row, along * length[i], row, width);
      });
    });
    return result;
  }

  static Tensor differentiable(const Tensor& x, const Widening& how, const Tensor& g) {
    const auto width = x.size(1);
    const auto squared = x.square().sum(1, /*keepdim=*/true);  // [N, 1]
    const auto inverse = how.unit ? squared.clamp_min(how.least).rsqrt() : at::ones_like(squared), y = x * inverse;
    const auto of_row = g.narrow(1, 0, width) * how.factor(), of_square = 2 * g.narrow(1, how.square_at(width), 1);
    if (!how.unit) return of_row + y * of_square;
    return (of_row + y * at::where(squared <= how.least, of_square, -(y * of_row).sum(1, /*keepdim=*/true))) * inverse;
  }
};

}  // namespace idcl::similarity::detail
