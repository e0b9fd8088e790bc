#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/simd_root.hpp"
#include "idcl/similarity/detail/row_kernels.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

namespace idcl::similarity::detail {

using at::Tensor;

/// Can these products be overwritten, row by row, on the CPU?
inline bool settles_in_place(const Tensor& product) {
  return product.is_cpu() && !product.requires_grad() && product.dim() == 2 && (product.stride(1) == 1 || product.size(1) < 2) &&
         (product.scalar_type() == at::kFloat || product.scalar_type() == at::kDouble);
}

/// |x - y|^2 of rows x [D] and -2 y [D], from their difference.
template <int bytes, class T>
[[gnu::always_inline]] inline T squared_difference(const T* x, const T* minus_two_y, int64_t width) {
  return static_cast<T>(sum_of_squares<bytes>(width, [=](auto& v, int64_t d) __attribute__((always_inline)) {
    std::remove_reference_t<decltype(v)> other;
    widen(v, x + d);
    widen(other, minus_two_y + d);
    v += 0.5 * other;
  }));
}

/// One row of squared distances: below zero to zero, a NaN stays; `close(j)` gives those that are at most a thousandth of |x|^2 + |y|^2. Or
/// of their roots.
template <int bytes, bool rooted, class T, class Close>
[[gnu::always_inline]] inline void settle_row(T* s, T own, const T* energy, int64_t m, const Close& close) {
  using V = simd::Vector<T, bytes>;
  constexpr int64_t lanes = bytes / sizeof(T);
  const T share = static_cast<T>(1e-3);
  const auto one = [&](int64_t j) __attribute__((always_inline)) {
    const T squared = s[j] <= (own + energy[j]) * share ? close(j) : s[j] < T{0} ? T{0} : s[j];
    s[j] = rooted ? std::sqrt(squared) : squared;
  };
  int64_t j = 0;
  for (; j + lanes <= m; j += lanes) {
    V value, other;
    simd::load(value, s + j);
    simd::load(other, energy + j);
    const auto near = value <= (own + other) * share;
    if (simd::any(near)) {
      for (int64_t at = j; at < j + lanes; ++at) one(at);
    } else {  // above a thousandth of what is not negative, or NaN
      if constexpr (rooted) simd::root(value, value);
      simd::store(s + j, value);
    }
  }
  for (; j < m; ++j) one(j);
}

/// What `Euclidean::settle` makes of products [n, m] of widened rows u [n, D + 2] and v [m, D + 2], distances or squared ones, in one pass
/// over them.
inline Tensor settle_distances(const Tensor& product, const Tensor& u, const Tensor& v, bool rooted) {
  const auto n = product.size(0), m = product.size(1), width = u.size(1) - 2;
  AT_DISPATCH_FLOATING_TYPES(product.scalar_type(), "idcl::settle_distances", [&] {
    const auto anchors = with_dense_rows(u), references = with_dense_rows(v);
    const auto *x = anchors.const_data_ptr<scalar_t>(), *y = references.const_data_ptr<scalar_t>();
    std::vector<scalar_t> energies(static_cast<std::size_t>(m));  // |y|^2
    for (int64_t j = 0; j < m; ++j) energies[static_cast<std::size_t>(j)] = y[j * references.stride(0) + width + 1];
    const auto* energy = energies.data();
    auto* s = product.data_ptr<scalar_t>();
    const auto stride = product.stride(0);
    at::parallel_for(0, n, std::max<int64_t>(1, 4096 / std::max<int64_t>(m, 1)), [&](int64_t begin, int64_t end) {
      simd::run(simd::widest(), [&](auto bytes) __attribute__((always_inline)) {
        constexpr int register_bytes = bytes;
        for (auto i = begin; i < end; ++i) {
          const auto* row = x + i * anchors.stride(0);
          const auto close = [&](int64_t j) __attribute__((always_inline)) {
            return squared_difference<register_bytes>(row, y + j * references.stride(0), width);
          };
          rooted ? settle_row<register_bytes, true>(s + i * stride, row[width], energy, m, close)
                 : settle_row<register_bytes, false>(s + i * stride, row[width], energy, m, close);
        }
      });
    });
  });
  return product;
}

}  // namespace idcl::similarity::detail
