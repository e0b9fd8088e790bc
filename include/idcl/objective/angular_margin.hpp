#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace idcl {

using at::Tensor;

/// What a margin makes of the cosine to the own class: a smaller one, monotone, so that the class has to be nearer than it seems.
/// Pointwise; differentiable any number of times between the pieces.
namespace angular_margin {

/// cos(theta + margin); below -cos(margin), where that would rise again, c - margin sin(margin). margin: radians, within [0, pi].
///
/// The slope at c = +-1, infinite in c though not in theta, is taken as that of the part in c.
inline Tensor added(const Tensor& c, double margin) {
  const auto squared_sine = (1 - c) * (1 + c);
  const auto turned = c * std::cos(margin) - squared_sine.clamp_min(1e-30).sqrt() * std::sin(margin);
  return at::where(c >= -std::cos(margin), turned, c - margin * std::sin(margin));
}

/// (-1)^k cos(factor theta) - 2k for theta in [k pi / factor, (k + 1) pi / factor]: cos(factor theta) made monotone. factor >= 1.
/// The multiple angle is a Chebyshev polynomial of c, so that the slope is finite everywhere.
inline Tensor multiplied(const Tensor& c, int64_t factor) {
  const auto angle = c.detach().clamp(-1, 1).acos();
  const auto k = (angle * (static_cast<double>(factor) / std::numbers::pi)).floor().clamp_max(static_cast<double>(factor - 1));
  auto before = at::ones_like(c), polynomial = c;
  for (int64_t degree = 1; degree < factor; ++degree) {
    auto next = 2 * c * polynomial - before;
    before = polynomial;
    polynomial = next;
  }
  return (1 - 2 * k.remainder(2)) * polynomial - 2 * k;
}

}  // namespace angular_margin
}  // namespace idcl
