#pragma once

#include <ATen/ATen.h>

namespace idcl {

/// A number to divide by: 1 where there is nothing to divide. Numbers of pairs and terms need not be whole: pairs may have weights.
inline at::Tensor or_one(const at::Tensor& number) { return number.masked_fill(number == 0, 1); }

}  // namespace idcl
