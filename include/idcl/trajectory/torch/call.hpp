#pragma once

#include "idcl/trajectory/torch/batch.hpp"
#include "idcl/trajectory/torch/soft_dtw.hpp"

#include <string>
#include <type_traits>

namespace idcl::trajectory {

/// `measure(a, b)` of tensors: labels [L] (any integers) or numbers [L] or [L, D], of one type. Returns a 0-d tensor on the device of
/// `a`: float32 for numbers of float32 or below, else float64. Soft-DTW and its divergence of squared Euclidean costs have gradients.
template <>
struct Call<Tensor, Tensor> {
  template <class M>
  static Tensor distance(const M& measure, const Tensor& a, const Tensor& b) {
    const auto where = std::string("idcl::trajectory::") + M::name;
    const auto x = detail::plain(where.c_str(), "a", a), y = detail::plain(where.c_str(), "b", b);
    for (const auto& sequence : {a, b})
      TORCH_CHECK_VALUE(sequence.dim() == 1 || (sequence.dim() == 2 && sequence.is_floating_point()), where,
                        ": expected labels [L] or numbers [L] or [L, D], but got ", sequence.scalar_type(), " ", sequence.sizes());
    TORCH_CHECK_TYPE(x.scalar_type() == y.scalar_type(), where, ": expected `a` and `b` to have one type, but got ", a.scalar_type(),
                     " and ", b.scalar_type());
    if constexpr (requires { M::slopes; }) {
      if (M::slopes && a.is_floating_point() && (a.requires_grad() || b.requires_grad() || !a.is_cpu()))
        return differentiable(measure, a, b);
    }
    const auto distance = detail::as_value_error([&] {
      return detail::read_rows(x, 0, x.size(0), [&](const auto& first) {
        using Sequence = std::remove_cvref_t<decltype(first)>;
        return detail::read_rows(y, 0, y.size(0), [&](const auto& second) -> double {
          if constexpr (std::same_as<Sequence, std::remove_cvref_t<decltype(second)>>)
            return Call<Sequence, Sequence>::distance(measure, first, second);
          else
            return 0;  // not reached: the types are one
        });
      });
    });
    return at::full({}, distance, a.options().dtype(detail::distance_type(x)).requires_grad(false));
  }

 private:
  template <class M>
  static Tensor differentiable(const M& measure, const Tensor& a, const Tensor& b) {
    detail::as_value_error([&] { detail::check_positive(M::name, "gamma", measure.gamma); });
    const auto rows = [](const Tensor& x) { return (x.dim() == 1 ? x.unsqueeze(1) : x).unsqueeze(0); };  // [1, L, D]
    const auto x = rows(a), y = rows(b);
    TORCH_CHECK_VALUE(x.size(1) > 0 && y.size(1) > 0, "idcl::trajectory::", M::name,
                      ": expected a sequence of at least one element, but got an empty one");
    TORCH_CHECK_VALUE(x.size(2) == y.size(2), "idcl::trajectory::", M::name, ": expected sequences of one width, but got rows of ",
                      x.size(2), " and of ", y.size(2));
    const auto length = [](const Tensor& sequence) { return at::full({1}, sequence.size(1), at::kLong); };
    const auto value = detail::soft_dtw_batch(x, y, length(x), length(y), measure.gamma, M::debiased, /*composed=*/false);
    return value.squeeze(0).to(a.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  }
};

}  // namespace idcl::trajectory
