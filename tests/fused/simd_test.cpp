// Vector functions against double precision, compiled for every processor this one can stand for.

#include "idcl/core/simd_exp.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace idcl::simd;

constexpr Isa all[]{Isa::Portable, Isa::Avx2, Isa::Avx512};
constexpr float infinity = std::numeric_limits<float>::infinity();

/// exp of each, a multiple of 16 of them.
std::vector<float> exp_of(Isa isa, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  run(isa, [&](auto bytes) __attribute__((always_inline)) {
    constexpr int width = bytes;
    using V = Vector<float, width>;
    for (std::size_t i = 0; i < x.size(); i += width / sizeof(float)) {
      V a, b;
      load(a, &x[i]);
      exp(b, a);
      store(&y[i], b);
    }
  });
  return y;
}

}  // namespace

TEST_CASE("exp is right to a unit in the last place, over its whole range") {
  std::vector<float> x;
  for (double value = -87.33; value < 88; value += 1e-3) x.push_back(static_cast<float>(value));
  for (float value = 1; value > std::numeric_limits<float>::denorm_min(); value /= 1.7f) x.insert(x.end(), {value, -value});
  x.insert(x.end(), {0.0f, -0.0f, 88.0f, -87.33f});
  while (x.size() % 16 != 0) x.push_back(0);
  for (const auto isa : all) {
    if (!supports(isa)) continue;
    CAPTURE(static_cast<int>(isa));
    const auto y = exp_of(isa, x);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = std::exp(static_cast<double>(x[i]));
      const auto rounded = static_cast<float>(expected);
      const double unit = std::nextafter(rounded, infinity) - static_cast<double>(rounded);
      worst = std::max(worst, std::abs(y[i] - expected) / unit);
    }
    CHECK(worst <= 1.0);
  }
}

TEST_CASE("exp is exact at zero and of nothing, saturates above and keeps NaN") {
  const std::vector<float> x{0.0f, -infinity, -87.4f, -1e30f, std::numeric_limits<float>::lowest(), 88.0f, 89.0f, infinity,
                             std::numeric_limits<float>::quiet_NaN(), std::nanf("1"), -std::nanf("7"), 0, 0, 0, 0, 0};
  for (const auto isa : all) {
    if (!supports(isa)) continue;
    CAPTURE(static_cast<int>(isa));
    const auto y = exp_of(isa, x);
    CHECK(y[0] == 1);
    for (const std::size_t i : {1, 2, 3, 4}) CHECK(y[i] == 0);
    for (const std::size_t i : {6, 7}) CHECK(y[i] == y[5]);
    for (const std::size_t i : {8, 9, 10}) CHECK(std::isnan(y[i]));
  }
}

TEST_CASE("the portable path is always there, and the widest is one that is supported") {
  CHECK(supports(Isa::Portable));
  CHECK(supports(widest()));
}
