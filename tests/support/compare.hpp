#pragma once

#include "support/catch.hpp"
#include "support/tolerance.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <string>

namespace idcl::test {

using at::Tensor;

inline double largest(const Tensor& x) { return x.numel() > 0 ? x.abs().max().to(at::kDouble).item<double>() : 0; }

/// A number near another one; a NaN is near nothing.
inline void check_close(const std::string& what, double actual, double expected, Tolerance tolerance) {
  const double off = std::abs(actual - expected), allowed = std::max(tolerance.relative * std::abs(expected), tolerance.absolute);
  std::ostringstream numbers;
  if (!(off <= allowed)) numbers << std::setprecision(17) << ": got " << actual << ", expected " << expected;
  INFO(what << numbers.str());
  CHECK(off <= allowed);
}

/// A tensor near another one, relative to the other's largest element: an element that is zero by cancellation is known no better
/// than those it came from.
inline void check_close(const std::string& what, const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  INFO(what);
  REQUIRE(actual.defined());
  REQUIRE(actual.sizes() == expected.sizes());
  const auto got = actual.detach().to(at::kDouble), want = expected.detach().to(at::kDouble);
  const double off = largest(got - want), allowed = std::max(tolerance.relative * largest(want), tolerance.absolute);
  std::ostringstream numbers;
  if (!(off <= allowed)) numbers << "got\n" << got << "\nexpected\n" << want;
  INFO(numbers.str());
  CHECK(off <= allowed);
}

/// A gradient that autograd left undefined is a zero.
inline Tensor or_zeros(const Tensor& gradient, const Tensor& like) { return gradient.defined() ? gradient : at::zeros_like(like); }

}  // namespace idcl::test
