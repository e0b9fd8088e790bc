#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/simd_product.hpp"
#include "idcl/similarity/similarity.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>
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

/// Is this product multiplied by hand? Where there are registers to gain by, and the compiler was asked to use them: unoptimised it would
/// take a hundred times as long.
inline bool multiplies_by_hand(const Tensor& out, const Tensor& a, const Tensor& b, simd::Isa isa) {
#if defined(__OPTIMIZE__)
  const auto is_float = [](const Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; };
  return isa != simd::Isa::Portable && is_float(out) && is_float(a) && is_float(b) && out.stride(1) == 1 && a.size(1) > 0;
#else
  return false;
#endif
}

/// out = a b, or out += a b, by as many threads as there is work for, each with columns of its own and, where there are few, rows.
inline void multiply_by_hand(const Tensor& out, const Tensor& a, const Tensor& b, bool adds, simd::Isa isa) {
  constexpr int64_t worthwhile = 1 << 20;  // multiplications for a thread
  const auto rows = out.size(0), cols = out.size(1), depth = a.size(1), stride = out.stride(0);
  const auto panel = isa == simd::Isa::Avx512 ? simd::kPanel<64> : simd::kPanel<32>;
  const auto panels = (cols + panel - 1) / panel;
  const auto threads = std::clamp<int64_t>(rows * cols * depth / worthwhile, 1, at::get_num_threads());
  const auto across = std::clamp<int64_t>(threads, 1, std::max<int64_t>(panels, 1)), down = threads / across;
  const simd::Matrix left{a.const_data_ptr<float>(), a.stride(0), a.stride(1)}, right{b.const_data_ptr<float>(), b.stride(0), b.stride(1)};
  auto* data = out.data_ptr<float>();
  at::parallel_for(0, across * down, 1, [&](int64_t first, int64_t last) {
    for (auto k = first; k < last; ++k) {
      const auto row = k / across * rows / down, below = (k / across + 1) * rows / down;
      const auto col = k % across * panels / across * panel, beyond = std::min((k % across + 1) * panels / across * panel, cols);
      simd::multiply(isa, {data + row * stride + col, below - row, beyond - col, stride, adds}, left.from(row, 0), right.from(0, col), depth);
    }
  });
}

/// out = a b^T, with the operands rounded to `product` first.
inline void put_product(Tensor out, const Tensor& a, const Tensor& b, at::ScalarType product, simd::Isa isa = simd::widest()) {
  if (a.scalar_type() != product) {
    out.copy_(at::mm(a.to(product), turned(b.to(product))));
  } else if (multiplies_by_hand(out, a, b, isa)) {
    multiply_by_hand(out, a, turned(b), false, isa);
  } else {
    at::mm_out(out, a, turned(b));
  }
}

/// out += a b, with the operands rounded to `product` first.
inline void add_product(Tensor out, const Tensor& a, const Tensor& b, at::ScalarType product, simd::Isa isa = simd::widest()) {
  if (a.scalar_type() != product || b.scalar_type() != product) {
    out.add_(at::mm(a.to(product), b.to(product)));
  } else if (multiplies_by_hand(out, a, b, isa)) {
    multiply_by_hand(out, a, b, true, isa);
  } else {
    out.addmm_(a, b);
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
