#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/simd.hpp"
#include "idcl/similarity/similarity.hpp"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdint>

namespace idcl::engine {

using at::Tensor;

/// In its scope autocast rounds nothing.
struct NoAutocast {
  c10::impl::ExcludeDispatchKeyGuard guard{c10::autocast_dispatch_keyset};
};

/// Does this device gain by numbers of this type? A processor without instructions for them takes ten times as long as for float32.
inline bool multiplies(at::Device device, at::ScalarType type) {
  return !device.is_cpu() || type == at::kFloat || (type == at::kBFloat16 && simd::multiplies_bfloat16());
}

/// The type in which products are computed: autocast's where it is on and the device gains by it, else the rows' own, which a similarity
/// that settles its products keeps.
inline at::ScalarType product_type(const Tensor& u, const similarity::Metric& metric = {}) {
  const auto device = u.device();
  if (u.scalar_type() != at::kFloat || !metric.is_inner() || !at::autocast::is_autocast_enabled(device.type())) return u.scalar_type();
  const auto type = at::autocast::get_autocast_dtype(device.type());
  return multiplies(device, type) ? type : u.scalar_type();
}

/// out = a b^T, with the operands rounded to `product` first.
inline void put_product(Tensor out, const Tensor& a, const Tensor& b, at::ScalarType product) {
  if (a.scalar_type() == product) {
    at::mm_out(out, a, turned(b));
  } else {
    out.copy_(at::mm(a.to(product), turned(b.to(product))));
  }
}

/// out += a b, with the operands rounded to `product` first.
inline void add_product(Tensor out, const Tensor& a, const Tensor& b, at::ScalarType product) {
  if (a.scalar_type() == product && b.scalar_type() == product) {
    out.addmm_(a, b);
  } else {
    out.add_(at::mm(a.to(product), b.to(product)));
  }
}

/// Zeros like x [N, E], for products to be added to. Each row begins at a line of the cache: a product into rows that do not, and come
/// from farther away, takes half as long again.
inline Tensor zero_slopes(const Tensor& x) {
  const auto width = x.size(1), line = 64 / static_cast<int64_t>(x.element_size()), padded = (width + line - 1) / line * line;
  constexpr int64_t narrow = 64;  // where there is little to gain
  const auto options = x.options().requires_grad(false);
  if (!x.is_cpu() || width == padded || width < narrow) return at::zeros({x.size(0), width}, options);
  return at::zeros({x.size(0), padded}, options).narrow(1, 0, width);
}

}  // namespace idcl::engine
