#pragma once

#include <ATen/ATen.h>

namespace idcl {

/// Rows [first, first + count) of x, a view; x itself where that is all, since of a small batch every operator shows.
inline at::Tensor part(const at::Tensor& x, int64_t first, int64_t count) {
  return count == x.size(0) ? x : x.narrow(0, first, count);
}

}  // namespace idcl
