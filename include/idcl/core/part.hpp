#pragma once

#include <ATen/ATen.h>

namespace idcl {

// Of a small batch every operator shows: these run as few as can be.

/// Rows [first, first + count) of x, a view; x itself where that is all.
inline at::Tensor part(const at::Tensor& x, int64_t first, int64_t count) { return count == x.size(0) ? x : x.narrow(0, first, count); }

/// A matrix the other way round, a view.
inline at::Tensor turned(const at::Tensor& x) { return x.as_strided({x.size(1), x.size(0)}, {x.stride(1), x.stride(0)}); }

/// A matrix whose rows are contiguous, whatever lies between them: x itself, or a copy.
inline at::Tensor with_dense_rows(const at::Tensor& x) { return x.stride(1) == 1 ? x : x.contiguous(); }

/// Rows of so many numbers, whatever is in them, each beginning at a line of the cache where they are wide and on the CPU: products of rows
/// that do not take longer, into them by half.
inline at::Tensor empty_rows(int64_t n, int64_t width, const at::TensorOptions& options) {
  const auto line = 64 / static_cast<int64_t>(options.dtype().itemsize()), padded = (width + line - 1) / line * line;
  constexpr int64_t narrow = 64;  // where there is little to gain
  if (!options.device().is_cpu() || width == padded || width < narrow) return at::empty({n, width}, options);
  return at::empty({n, padded}, options).as_strided({n, width}, {padded, 1});
}

/// Contiguous float32 on the CPU: what is gone through by hand, in one call?
inline bool is_plain(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous(); }

}  // namespace idcl
