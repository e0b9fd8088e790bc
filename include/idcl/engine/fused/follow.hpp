#pragma once

#include "idcl/core/simd.hpp"
#include "idcl/similarity/similarity.hpp"

namespace idcl::engine::fused {

/// A slope in a pair's closeness c to one in its inner product q: c = q or -q, or a root of q with either sign, which does not change at 0.
struct Follow {
  float sign;
  bool root;

  static Follow of(const similarity::Metric& metric) { return {metric.distance ? -1.0f : 1.0f, metric.curve == similarity::Curve::Root}; }

  /// Is closeness the product itself?
  bool is_plain() const { return sign > 0 && !root; }

  /// For a register or for one number.
  template <class V>
  [[gnu::always_inline]] void operator()(V& slope, const V& closeness) const {
    if (root) {
      slope = closeness == 0 ? V{} : V(slope / (closeness + closeness));
    } else {
      slope *= sign;
    }
  }
};

}  // namespace idcl::engine::fused
