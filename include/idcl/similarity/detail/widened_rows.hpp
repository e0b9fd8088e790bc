#pragma once

#include "idcl/core/part.hpp"
#include "idcl/similarity/unit_rows.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace idcl::similarity::detail {

/// Rows whose inner products are squared distances: [y, |y|^2, 1] of anchors, [-2 y, 1, |y|^2] of references, y = x or x / |x|.
enum class Widened { Anchors, References };

inline float factor(Widened rows) { return rows == Widened::Anchors ? 1.0f : -2.0f; }
inline int64_t square_at(Widened rows, int64_t width) { return rows == Widened::Anchors ? width : width + 1; }
inline int64_t one_at(Widened rows, int64_t width) { return rows == Widened::Anchors ? width + 1 : width; }

/// What y is.
struct Length {
  bool unit;     ///< are rows brought to unit length?
  double least;  ///< of a squared norm that is divided by
};

/// By ATen.
inline Tensor widened_rows(const Tensor& x, Widened as, const Length& length) {
  const auto rows = length.unit ? unit_rows(x, length.least) : x;
  const auto squared = rows.square().sum(1, /*keepdim=*/true), one = at::ones_like(squared);  // [N, 1]
  return as == Widened::References ? at::cat({rows * -2, one, squared}, 1) : at::cat({rows, squared, one}, 1);
}

/// The same in one call each way, `as` the one or the other or, where a set is compared with itself, both: contiguous float32 rows on the
/// CPU. As many results, [N, D + 2] each.
struct WidenedRows : torch::autograd::Function<WidenedRows> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const Tensor& x, const std::vector<Widened>& as,
                                                const Length& length) {
    const auto n = x.size(0), width = x.size(1);
    const auto inverses = at::empty({n}, x.options());
    torch::autograd::variable_list results;
    std::vector<float*> to;
    for (std::size_t k = 0; k < as.size(); ++k) {
      results.push_back(empty_rows(n, width + 2, x.options()));
      to.push_back(results[k].data_ptr<float>());
    }
    const auto pitch = results[0].stride(0);
    const auto* from = x.const_data_ptr<float>();
    auto* inverse = inverses.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const float* row = from + i * width;
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        const double squared = squared_norm<bytes>(row, width), divisor = std::max(squared, length.least);
        inverse[i] = length.unit ? static_cast<float>(1 / std::sqrt(divisor)) : 1.0f;
        for (std::size_t k = 0; k < as.size(); ++k) {
          float* out = to[k] + i * pitch;
          combine<bytes>(out, inverse[i] * factor(as[k]), row, 0, row, width);
          out[square_at(as[k], width)] = static_cast<float>(length.unit ? squared / divisor : squared);
          out[one_at(as[k], width)] = 1;
        }
      });
    });
    context->save_for_backward({x, results[0], inverses});
    context->saved_data["references first"] = as[0] == Widened::References;
    context->saved_data["unit"] = length.unit;
    context->saved_data["least"] = length.least;
    context->set_materialize_grads(false);
    return results;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const bool references_first = context->saved_data["references first"].toBool();
    const Length length{context->saved_data["unit"].toBool(), context->saved_data["least"].toDouble()};
    const auto first = references_first ? Widened::References : Widened::Anchors,
               second = references_first ? Widened::Anchors : Widened::References;
    Tensor sum;
    for (std::size_t k = 0; k < upstream.size(); ++k) {
      if (!upstream[k].defined()) continue;  // references whose slopes went to them as anchors
      const auto as = k == 0 ? first : second;
      const auto slopes = c10::GradMode::is_enabled() ? differentiable(saved[0], as, length, upstream[k])
                                                      : slope(saved[1], factor(first), saved[2], as, length, with_dense_rows(upstream[k]));
      sum = sum.defined() ? sum + slopes : slopes;
    }
    return {sum, Tensor(), Tensor()};
  }

 private:
  /// With h = f g + 2 g_q y, the slope in y: h, or (h - y <y, h>) / |x|, or h / sqrt(least) where a row is shorter. [N, D]
  /// `widened`: rows of `times` y.
  static Tensor slope(const Tensor& widened, float times, const Tensor& inverses, Widened as, const Length& length, const Tensor& g) {
    const auto n = widened.size(0), width = widened.size(1) - 2;
    const auto result = at::empty({n, width}, widened.options());
    const auto *rows = widened.const_data_ptr<float>(), *inverse = inverses.const_data_ptr<float>(), *up = g.const_data_ptr<float>();
    const auto longest = static_cast<float>(1 / std::sqrt(length.least));
    auto* to = result.data_ptr<float>();
    const auto isa = simd::widest();
    for_each_row(n, width, [&](int64_t i) {
      const float *row = rows + i * widened.stride(0), *of_row = up + i * g.stride(0);
      const float of_square = 2 * of_row[square_at(as, width)] / times;
      simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
        // what lies along a row changes no direction: where one was brought to unit length, its square's slope is of that kind
        const bool keeps_length = !length.unit || inverse[i] >= longest;
        const float along = keeps_length ? of_square : -factor(as) * dot<bytes>(row, of_row, width) / (times * times);
        combine<bytes>(to + i * width, factor(as) * inverse[i], of_row, along * inverse[i], row, width);
      });
    });
    return result;
  }

  static Tensor differentiable(const Tensor& x, Widened as, const Length& length, const Tensor& g) {
    const auto width = x.size(1);
    const auto squared = x.detach().square().sum(1, /*keepdim=*/true);  // [N, 1]
    const auto inverse = length.unit ? inverse_norms(x, length.least) : at::ones_like(squared), y = x * inverse;
    const auto of_row = g.narrow(1, 0, width) * factor(as), of_square = 2 * g.narrow(1, square_at(as, width), 1);
    if (!length.unit) return of_row + y * of_square;
    return (of_row + y * at::where(squared <= length.least, of_square, -(y * of_row).sum(1, /*keepdim=*/true))) * inverse;
  }
};

}  // namespace idcl::similarity::detail
