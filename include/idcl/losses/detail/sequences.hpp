#pragma once

#include "idcl/core/tile.hpp"

#include <ATen/ATen.h>

#include <cstdint>

namespace idcl::detail {

/// Sequences of a batch, with how long each is: lengths [B] as given, the true elements of a mask [B, L] moved to the front, or all of L.
struct Sequences {
  Tensor rows;     ///< [B, L, D]
  Tensor lengths;  ///< int64 [B], on the CPU
};

inline Sequences read_sequences(const char* where, const char* name, const Tensor& rows, const char* lengths_name, const Tensor& lengths) {
  TORCH_CHECK(rows.defined(), where, ": expected `", name, "` to be a tensor [B, L, D], but got an undefined tensor");
  TORCH_CHECK_VALUE(rows.dim() == 3, where, ": expected `", name, "` to be [B, L, D], but got ", rows.sizes());
  TORCH_CHECK_TYPE(rows.is_floating_point(), where, ": expected `", name, "` to be of floating type, but got ", rows.scalar_type());
  const auto b = rows.size(0), l = rows.size(1);
  Sequences result{rows, at::full({b}, l, at::kLong)};
  if (lengths.defined() && lengths.scalar_type() == at::kBool) {
    TORCH_CHECK_VALUE(lengths.dim() == 2 && lengths.size(0) == b && lengths.size(1) == l, where, ": expected the mask `", lengths_name,
                      "` to be [", b, ", ", l, "], but got ", lengths.sizes());
    const auto order = lengths.to(rows.device())
                           .logical_not()
                           .to(at::kByte)
                           .argsort(/*stable=*/true, 1, /*descending=*/false);  // [B, L], the true ones first
    result = {rows.gather(1, order.unsqueeze(2).expand_as(rows)), lengths.sum(1).to(at::kCPU)};
  } else if (lengths.defined()) {
    TORCH_CHECK_TYPE(at::isIntegralType(lengths.scalar_type(), /*includeBool=*/false), where, ": expected `", lengths_name,
                     "` to be integers or a mask, but got ", lengths.scalar_type());
    TORCH_CHECK_VALUE(lengths.dim() == 1 && lengths.size(0) == b, where, ": expected `", lengths_name, "` to be [", b, "], but got ",
                      lengths.sizes());
    result.lengths = lengths.to(at::kCPU, at::kLong).contiguous();
  }
  for (int64_t i = 0; i < b; ++i) {
    const auto length = result.lengths.const_data_ptr<int64_t>()[i];
    TORCH_CHECK_VALUE(length >= 1 && length <= l, where, ": expected lengths of `", name, "` in [1, ", l, "], but got ", length,
                      " for sequence ", i);
  }
  return result;
}

}  // namespace idcl::detail
