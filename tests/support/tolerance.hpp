#pragma once

#include <ATen/ATen.h>

#include <limits>

namespace idcl::test {

/// How far a result may be from the number it should be: `relative` to the largest magnitude of what is compared, or `absolute`,
/// whichever is more.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// The promise made for each type, in one place.
struct Tolerances {
  Tolerance loss;
  Tolerance gradient;
};

/// Similarities up to 1 are divided by `temperature`: a logit of size 1 / t has neighbours 1 / t eps apart, and so has a difference
/// of two. That is the finest a loss can be known in a type, and by which share its slopes (exponentials of logits) can be off;
/// it only exceeds the promise itself at low temperature in float32.
inline Tolerances tolerances(at::ScalarType type, double temperature = 1) {
  if (type == at::kDouble) return {.loss = {1e-10, 1e-12}, .gradient = {1e-9, 1e-12}};
  const double resolution = 4 * std::numeric_limits<float>::epsilon() / temperature;
  return {.loss = {1e-5, resolution}, .gradient = {1e-5 + resolution, 1e-7}};
}

}  // namespace idcl::test
