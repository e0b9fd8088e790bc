#pragma once

#include "idcl/core/simd.hpp"
#include "idcl/similarity/similarity.hpp"

namespace idcl::engine::fused {

/// A slope in s to one in the product, for a register of similarities or for one.
template <class V>
[[gnu::always_inline]] inline void follow(V& slope, const V& s, similarity::Curve curve) {
  if (curve == similarity::Curve::Root) slope = s <= 0 ? V{} : V(slope / (s + s));
}

}  // namespace idcl::engine::fused
