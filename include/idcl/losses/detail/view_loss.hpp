#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/dense.hpp"
#include "idcl/losses/detail/options.hpp"

#include <variant>

/// What losses over the dimensions of two views share. They hold D x D numbers and none of N x N: plain ATen serves.
namespace idcl::detail {

struct Views {
  Tensor a, b;  ///< [N, D], at least float32
};

inline Views check_views(const char* where, const Tensor& a, const Tensor& b) {
  check::rows(where, "a", a);
  check::comparable(where, "a", a, "b", b);
  check::views(where, "a", a, "b", b);
  return {similarity::at_least_float(a), similarity::at_least_float(b)};
}

template <class Options>
void check_rowless(const char* where, const Options& options) {
  const auto& reduction = options.reduction();
  TORCH_CHECK_VALUE(std::holds_alternative<torch::enumtype::kMean>(reduction) || std::holds_alternative<torch::enumtype::kSum>(reduction),
                    where, ": expected `reduction` kMean or kSum, but got \"", name_of(reduction),
                    "\": the loss is over dimensions and has no rows");
  TORCH_CHECK(options.evaluator() != Evaluator::Fused, where,
              ": expected `evaluator` Auto, Dense or Streaming, but got Fused, and this loss has no fused kernel");
}

/// Zero, with gradients of zero.
inline Tensor attached_zero(const Views& views) { return views.a.narrow(0, 0, 0).sum() + views.b.narrow(0, 0, 0).sum(); }

/// sum_{k != l} C_kl^2 of C [D, D].
inline Tensor off_diagonal_squares(const Tensor& c) {
  const auto diagonal = at::eye(c.size(0), c.options().dtype(at::kBool).requires_grad(false));
  return c.masked_fill(diagonal, 0).square().sum();
}

}  // namespace idcl::detail
