#pragma once

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <cmath>

namespace idcl {

using at::Tensor;

/// What functions ask of their arguments, worded once. `where` is the function, `name` the argument.
namespace check {

/// [N, D], floating.
inline void rows(const char* where, const char* name, const Tensor& x) {
  TORCH_CHECK(x.defined(), where, ": expected `", name, "` to be a tensor [N, D], but got an undefined tensor");
  TORCH_CHECK_VALUE(x.dim() == 2, where, ": expected `", name, "` to be 2-D [N, D], but got ", x.sizes());
  TORCH_CHECK_TYPE(x.is_floating_point(), where, ": expected `", name, "` to be of floating type, but got ", x.scalar_type());
}

/// One type and one device.
inline void alike(const char* where, const char* a_name, const Tensor& a, const char* b_name, const Tensor& b) {
  TORCH_CHECK_TYPE(a.scalar_type() == b.scalar_type(), where, ": expected `", a_name, "` and `", b_name, "` to have one type, but got ",
                   a.scalar_type(), " and ", b.scalar_type());
  TORCH_CHECK_VALUE(a.device() == b.device(), where, ": expected `", a_name, "` and `", b_name, "` on one device, but got ", a.device(),
                    " and ", b.device());
}

/// [N, D] and [M, D]: rows that have an inner product.
inline void comparable(const char* where, const char* a_name, const Tensor& a, const char* b_name, const Tensor& b) {
  rows(where, b_name, b);
  TORCH_CHECK_VALUE(a.size(1) == b.size(1), where, ": expected `", b_name, "` to be [M, ", a.size(1), "] as `", a_name, "` is, but got ",
                    b.sizes());
  alike(where, a_name, a, b_name, b);
}

/// [N, D] and [N, E]: two views of the same N elements.
inline void views(const char* where, const char* a_name, const Tensor& a, const char* b_name, const Tensor& b) {
  rows(where, b_name, b);
  TORCH_CHECK_VALUE(a.size(0) == b.size(0), where, ": expected `", b_name, "` to have the ", a.size(0), " rows of `", a_name, "`, but got ",
                    b.sizes());
  alike(where, a_name, a, b_name, b);
}

/// Is a second argument labels, 1-D, rather than references? Integer labels held as floats are refused, not guessed.
inline bool are_labels(const Tensor& x) { return x.defined() && x.dim() == 1; }

/// [N], integral.
inline void labels(const char* where, const char* name, const Tensor& labels, const Tensor& x) {
  TORCH_CHECK(labels.defined(), where, ": expected `", name, "` to be a tensor [N], but got an undefined tensor");
  TORCH_CHECK_TYPE(at::isIntegralType(labels.scalar_type(), /*includeBool=*/false), where, ": expected `", name,
                   "` to be integers, but got ", labels.scalar_type());
  TORCH_CHECK_VALUE(labels.dim() == 1 && labels.size(0) == x.size(0), where, ": expected `", name, "` to be [", x.size(0),
                    "], one a row, but got ", labels.sizes());
  TORCH_CHECK_VALUE(labels.device() == x.device(), where, ": expected `", name, "` on ", x.device(), " as the rows are, but got ",
                    labels.device());
}

/// Any finite number.
inline void finite(const char* where, const char* name, double value) {
  TORCH_CHECK_VALUE(std::isfinite(value), where, ": expected `", name, "` to be finite, but got ", value);
}

/// Any finite number but zero.
inline void not_zero(const char* where, const char* name, double value) {
  TORCH_CHECK_VALUE(std::isfinite(value) && value != 0, where, ": expected `", name, "` to be finite and not 0, but got ", value);
}

/// A finite number above zero.
inline void positive(const char* where, const char* name, double value) {
  TORCH_CHECK_VALUE(std::isfinite(value) && value > 0, where, ": expected `", name, "` to be finite and > 0, but got ", value);
}

/// A finite number, zero or above.
inline void not_negative(const char* where, const char* name, double value) {
  TORCH_CHECK_VALUE(std::isfinite(value) && value >= 0, where, ": expected `", name, "` to be finite and >= 0, but got ", value);
}

}  // namespace check
}  // namespace idcl
