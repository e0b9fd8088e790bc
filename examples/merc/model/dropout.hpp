#pragma once

#include <torch/types.h>

#include <cstdint>

namespace merc {

using torch::Tensor;

/// Dropout that draws 16 bits an element from a small vectorised generator; a double from the Mersenne twister for each, as
/// torch::nn::Dropout draws, is a fifth of a training step.
///
///   dropout(x)        = x * keep / (1 - p)
///   dropout_add(x, r) = x * keep / (1 - p) + r         in one pass
///
/// What is kept depends on the state alone, not on the number of threads; each call moves the state on. p in [0, 1) is rounded to a
/// multiple of 2^-16. On a device that is not a CPU, ATen's own dropout is used.
class Dropout {
 public:
  Dropout(double p, uint64_t state);
  static Dropout none() { return {0, 0}; }

  Tensor dropout(const Tensor& x);
  Tensor dropout_add(const Tensor& x, const Tensor& residual);

  /// A mask of the given shape: uint8 on a CPU, one where the element is kept.
  Tensor keep(at::IntArrayRef shape, torch::Device device);

  bool active() const { return threshold_ != 0; }
  double scale() const { return 65536.0 / (65536 - threshold_); }  ///< 1 / (1 - p)

  uint64_t state() const { return state_; }

 private:
  uint32_t threshold_;  ///< of 65536: draws below it are dropped
  uint64_t state_;
};

}  // namespace merc
