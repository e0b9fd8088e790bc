#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cstdint>

namespace idcl::test {

using at::Tensor;

/// A stream of random tensors that no other test disturbs.
class Random {
 public:
  explicit Random(uint64_t seed = 0) : generator_(at::detail::createCPUGenerator(seed)) {}

  Tensor normal(at::IntArrayRef sizes, at::ScalarType type = at::kDouble) { return at::randn(sizes, generator_, at::kDouble).to(type); }

  /// Integers in [0, high).
  Tensor integers(int64_t high, at::IntArrayRef sizes) { return at::randint(high, sizes, generator_, at::kLong); }

  Tensor permutation(int64_t n) { return at::randperm(n, generator_, at::kLong); }

 private:
  at::Generator generator_;
};

}  // namespace idcl::test
