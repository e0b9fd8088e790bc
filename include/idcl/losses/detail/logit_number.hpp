#pragma once

#include "idcl/core/check.hpp"

#include <ATen/ATen.h>
#include <c10/util/StringUtil.h>

#include <cmath>
#include <optional>

/// Scales and biases of logits: plain numbers, or tensors of one, which may learn.
namespace idcl::detail {

using at::Tensor;

inline void check_logit_number(const char* where, const char* name, const Tensor& number) {
  TORCH_CHECK_VALUE(number.defined() && number.numel() == 1 && number.is_floating_point(), where, ": expected `", name,
                    "` to be one floating number, but got ",
                    number.defined() ? c10::str(number.scalar_type(), " ", number.sizes()) : "an undefined tensor");
}
inline void check_logit_number(const char* where, const char* name, double number) { check::finite(where, name, number); }

/// The number, where it is fixed: finite, without gradient, and not to be waited for.
inline std::optional<double> fixed(double number) { return number; }
inline std::optional<double> fixed(const Tensor& number) {
  if (number.requires_grad() || !number.is_cpu()) return {};
  const auto value = number.item<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// The number as a tensor of the rows' type, 0-d.
inline Tensor as_tensor(double number, const Tensor& rows) { return at::full({}, number, rows.options().requires_grad(false)); }
inline Tensor as_tensor(const Tensor& number, const Tensor& rows) { return number.reshape({}).to(rows.options()); }

}  // namespace idcl::detail
