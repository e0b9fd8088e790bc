#pragma once

#include "idcl/core/simd_exp.hpp"
#include "idcl/engine/fused/follow.hpp"
#include "idcl/engine/fused/sums.hpp"

#include <cstdint>

/// The two passes over similarities that are still in the cache. A block's rows are `width` floats long, a multiple of `kLanes`; what
/// does not count, padding included, is -infinity there and contributes exactly nothing. `isa` says for which processor.
namespace idcl::engine::fused {

/// Floats a row is padded to a multiple of: two of the widest registers.
inline constexpr int64_t kLanes = 32;

struct Block {
  float* s;
  int64_t rows, width, stride;
};

namespace detail {

template <class V>
[[gnu::always_inline]] inline void raise(V& max, const V& s) {
  max = s > max ? s : max;  // NaN does not raise it, and shows in the sum
}

template <class V>
[[gnu::always_inline]] inline float largest(const V& a) {
  float values[sizeof(V) / sizeof(float)], result = kLowest;
  simd::store(values, a);
  for (const float value : values) result = value > result ? value : result;
  return result;
}

template <int bytes, bool with_columns, class Logits>
[[gnu::always_inline]] inline void fold(const Logits& logits, const Block& block, float scale, const Sums& rows, const Sums& columns) {
  using V = simd::Vector<float, bytes>;
  constexpr int64_t lanes = bytes / sizeof(float);
  const auto load = [&](V& x, const float* from) __attribute__((always_inline)) {
    simd::load(x, from);
    logits.bend_negative(x);
  };
  if constexpr (with_columns) {
    for (int64_t i = 0; i < block.rows; ++i) {
      const float* s = block.s + i * block.stride;
      for (int64_t j = 0; j < block.width; j += lanes) {
        V x, max;
        load(x, s + j);
        simd::load(max, columns.negative_max + j);
        raise(max, x);
        simd::store(columns.negative_max + j, max);
      }
    }
  }
  for (int64_t i = 0; i < block.rows; ++i) {
    const float* s = block.s + i * block.stride;
    V max0 = V{} + kLowest, max1 = max0;
    for (int64_t j = 0; j < block.width; j += 2 * lanes) {
      V a, b;
      load(a, s + j);
      load(b, s + j + lanes);
      raise(max0, a);
      raise(max1, b);
    }
    raise(max0, max1);
    const float max = largest(max0);
    V sum0{}, sum1{};
    for (int64_t j = 0; j < block.width; j += 2 * lanes) {
      V a, b, e;
      load(a, s + j);
      load(b, s + j + lanes);
      simd::exp(e, V((a - max) * scale));
      sum0 += e;
      simd::exp(e, V((b - max) * scale));
      sum1 += e;
      if constexpr (with_columns) {
        const auto add = [&](const V& x, int64_t at) __attribute__((always_inline)) {
          V sum, column_max, share;
          simd::load(sum, columns.negative_sum + at);
          simd::load(column_max, columns.negative_max + at);
          simd::exp(share, V((x - column_max) * scale));
          simd::store(columns.negative_sum + at, V(sum + share));
        };
        add(a, j);
        add(b, j + lanes);
      }
    }
    ExpSum{rows.negative_max[i], rows.negative_sum[i]}.merge(max, simd::total(V(sum0 + sum1)), scale);
  }
}

template <int bytes, bool with_columns, class Logits>
[[gnu::always_inline]] inline void weigh(const Logits& logits, const Follow& follow, const Block& block, float scale,
                                         const float* row_max, const float* row_weight, const float* column_max,
                                         const float* column_weight) {
  using V = simd::Vector<float, bytes>;
  constexpr int64_t lanes = bytes / sizeof(float);
  for (int64_t i = 0; i < block.rows; ++i) {
    float* s = block.s + i * block.stride;
    const float max = row_max[i], weight = row_weight[i];
    for (int64_t j = 0; j < block.width; j += lanes) {
      V x, e;
      simd::load(x, s + j);
      const V closeness = x;
      logits.bend_negative(x);
      simd::exp(e, V((x - max) * scale));
      V slope = e * weight;
      if constexpr (with_columns) {
        V other_max, other_weight;
        simd::load(other_max, column_max + j);
        simd::load(other_weight, column_weight + j);
        simd::exp(e, V((x - other_max) * scale));
        slope += e * other_weight;
      }
      logits.follow_negative(slope, closeness);
      follow(slope, closeness);
      simd::store(s + j, slope);
    }
  }
}

}  // namespace detail

/// Folds a block into the negatives' sums of its rows and, where `with_columns`, into fresh ones of its columns.
template <bool with_columns, class Logits>
void fold(const Logits& logits, simd::Isa isa, const Block& block, float scale, const Sums& rows, const Sums& columns) {
  simd::run(isa, [&](auto bytes) __attribute__((always_inline)) { detail::fold<bytes, with_columns>(logits, block, scale, rows, columns); });
}

/// s_ij = a_i exp((s_ij - max_i) scale) and, where `with_columns`, + b_j exp((s_ij - max_j) scale), in place, followed back through logits
/// that are bent and to the inner products.
template <bool with_columns, class Logits>
void weigh(const Logits& logits, const Follow& follow, simd::Isa isa, const Block& block, float scale, const float* row_max,
           const float* row_weight, const float* column_max, const float* column_weight) {
  simd::run(isa, [&](auto bytes) __attribute__((always_inline)) {
    detail::weigh<bytes, with_columns>(logits, follow, block, scale, row_max, row_weight, column_max, column_weight);
  });
}

}  // namespace idcl::engine::fused
