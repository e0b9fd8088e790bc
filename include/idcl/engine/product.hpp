#pragma once

#include "idcl/core/parallel.hpp"
#include "idcl/core/part.hpp"
#include "idcl/core/simd_mirror.hpp"
#include "idcl/core/simd_product.hpp"
#include "idcl/similarity/similarity.hpp"

#include <ATen/ATen.h>
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
  constexpr bool optimised = true;
#else
  constexpr bool optimised = false;
#endif
  const auto is_float = [](const Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; };
  return optimised && isa != simd::Isa::Portable && is_float(out) && is_float(a) && is_float(b) && out.stride(1) == 1 && a.size(1) > 0;
}

namespace detail {

inline simd::Matrix matrix(const Tensor& x) { return {x.const_data_ptr<float>(), x.stride(0), x.stride(1)}; }

inline int64_t panel_width(simd::Isa isa) { return isa == simd::Isa::Avx512 ? simd::kPanel<64> : simd::kPanel<32>; }

}  // namespace detail

/// out = a b, or out += a b. Threads have columns of their own and, where there are few, rows.
inline void multiply_by_hand(const Tensor& out, const Tensor& a, const Tensor& b, bool adds, simd::Isa isa) {
  const auto rows = out.size(0), cols = out.size(1), depth = a.size(1), stride = out.stride(0), panel = detail::panel_width(isa);
  const auto panels = std::max<int64_t>((cols + panel - 1) / panel, 1);
  const auto threads = threads_for(rows * cols * depth), across = std::min(threads, panels), down = threads / across;
  const auto left = detail::matrix(a), right = detail::matrix(b);
  auto* data = out.data_ptr<float>();
  for_each_to_and_fro(threads, across * down, [=](int64_t k) {
    const auto i = k / across, j = k % across;
    const auto row = i * rows / down, below = (i + 1) * rows / down;
    const auto col = j * panels / across * panel, beyond = std::min((j + 1) * panels / across * panel, cols);
    simd::multiply(isa, {data + row * stride + col, below - row, beyond - col, stride, adds}, left.from(row, 0), right.from(0, col), depth);
  });
}

/// out = a b, a symmetric matrix: what is on and above its diagonal, and the mirror image.
inline void multiply_half_by_hand(const Tensor& out, const Tensor& a, const Tensor& b, simd::Isa isa) {
  const auto n = out.size(0), depth = a.size(1), stride = out.stride(0), panel = detail::panel_width(isa);
  const auto left = detail::matrix(a), right = detail::matrix(b);
  auto* data = out.data_ptr<float>();
  for_each_to_and_fro(threads_for(n * n * depth / 2), (n + panel - 1) / panel, [=](int64_t k) {
    const auto col = k * panel, width = std::min(panel, n - col);
    simd::multiply(isa, {data + col, col + width, width, stride, /*adds=*/false}, left, right.from(0, col), depth);
    simd::copy_above_below(isa, data, stride, col, width);
  });
}

/// Is a product known to be its own mirror image? Then half of it has to be computed.
enum class Mirrored { No, Yes };

/// out = a b^T, with the operands rounded to `product` first.
inline void put_product(Tensor out, const Tensor& a, const Tensor& b, at::ScalarType product, Mirrored mirrored = Mirrored::No,
                        simd::Isa isa = simd::widest()) {
  if (a.scalar_type() != product) {
    out.copy_(at::mm(a.to(product), turned(b.to(product))));
  } else if (!multiplies_by_hand(out, a, b, isa)) {
    at::mm_out(out, a, turned(b));
  } else if (mirrored == Mirrored::Yes) {
    multiply_half_by_hand(out, a, turned(b), isa);
  } else {
    multiply_by_hand(out, a, turned(b), /*adds=*/false, isa);
  }
}

/// Is a product added to what is there, or is that not read?
enum class Onto { Nothing, Sum };

/// out = a b, or out += a b, with the operands rounded to `product` first.
inline void gather_product(Tensor out, const Tensor& a, const Tensor& b, Onto onto, at::ScalarType product,
                           simd::Isa isa = simd::widest()) {
  const bool adds = onto == Onto::Sum;
  if (a.scalar_type() != product || b.scalar_type() != product) {
    const auto part = at::mm(a.to(product), b.to(product));
    adds ? out.add_(part) : out.copy_(part);
  } else if (multiplies_by_hand(out, a, b, isa)) {
    multiply_by_hand(out, a, b, adds, isa);
  } else {
    adds ? out.addmm_(a, b) : at::mm_out(out, a, b);
  }
}

/// out += a b
inline void add_product(const Tensor& out, const Tensor& a, const Tensor& b, at::ScalarType product, simd::Isa isa = simd::widest()) {
  gather_product(out, a, b, Onto::Sum, product, isa);
}

/// Room for the slopes of x [N, E], whatever is in it.
inline Tensor empty_slopes(const Tensor& x) { return empty_rows(x.size(0), x.size(1), x.options().requires_grad(false)); }

/// The same with zeros in it, for products to be added to.
inline Tensor zero_slopes(const Tensor& x) { return empty_slopes(x).zero_(); }

}  // namespace idcl::engine
