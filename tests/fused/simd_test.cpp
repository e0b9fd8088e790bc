// Vector functions against double precision, compiled for every processor this one can stand for.

#include "idcl/core/simd_root.hpp"
#include "idcl/core/simd_softplus.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace idcl::simd;

constexpr Isa all[]{Isa::Portable, Isa::Avx2, Isa::Avx512};
constexpr float infinity = std::numeric_limits<float>::infinity();

struct Exp {
  template <class V>
  [[gnu::always_inline]] static void of(V& result, const V& x) {
    exp(result, x);
  }
  static double exact(double x) { return std::exp(x); }
};
struct Softplus {
  template <class V>
  [[gnu::always_inline]] static void of(V& result, const V& x) {
    softplus(result, x);
  }
  static double exact(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
};
struct Sigmoid {
  template <class V>
  [[gnu::always_inline]] static void of(V& result, const V& x) {
    sigmoid(result, x);
  }
  static double exact(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
};

/// The function of each, a multiple of 16 of them.
template <class F>
std::vector<float> values(Isa isa, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  run(isa, [&](auto bytes) __attribute__((always_inline)) {
    constexpr int width = bytes;
    using V = Vector<float, width>;
    for (std::size_t i = 0; i < x.size(); i += width / sizeof(float)) {
      V a, b;
      load(a, &x[i]);
      F::of(b, a);
      store(&y[i], b);
    }
  });
  return y;
}

/// The largest error over everything from -87.33 to 88, in units in the last place.
template <class F>
double worst_error(Isa isa) {
  std::vector<float> x;
  for (double value = -87.33; value < 88; value += 1e-3) x.push_back(static_cast<float>(value));
  for (float value = 1; value > std::numeric_limits<float>::denorm_min(); value /= 1.7f) x.insert(x.end(), {value, -value});
  x.insert(x.end(), {0.0f, -0.0f, 88.0f, -87.33f});
  while (x.size() % 16 != 0) x.push_back(0);
  const auto y = values<F>(isa, x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = F::exact(static_cast<double>(x[i]));
    const auto rounded = static_cast<float>(expected);
    const double unit = std::nextafter(rounded, infinity) - static_cast<double>(rounded);
    worst = std::max(worst, std::abs(y[i] - expected) / unit);
  }
  return worst;
}

}  // namespace

TEST_CASE("exp is right to a unit in the last place, softplus and sigmoid to three, over their whole range") {
  for (const auto isa : all) {
    if (!supports(isa)) continue;
    CAPTURE(static_cast<int>(isa));
    CHECK(worst_error<Exp>(isa) <= 1);
    CHECK(worst_error<Softplus>(isa) <= 3);
    CHECK(worst_error<Sigmoid>(isa) <= 3);
  }
}

TEST_CASE("exp is exact at zero and of nothing, saturates above and keeps NaN") {
  const std::vector<float> x{0.0f,
                             -infinity,
                             -87.4f,
                             -1e30f,
                             std::numeric_limits<float>::lowest(),
                             88.0f,
                             89.0f,
                             infinity,
                             std::numeric_limits<float>::quiet_NaN(),
                             std::nanf("1"),
                             -std::nanf("7"),
                             0,
                             0,
                             0,
                             0,
                             0};
  for (const auto isa : all) {
    if (!supports(isa)) continue;
    CAPTURE(static_cast<int>(isa));
    const auto y = values<Exp>(isa, x);
    CHECK(y[0] == 1);
    for (const std::size_t i : {1, 2, 3, 4}) CHECK(y[i] == 0);
    for (const std::size_t i : {6, 7}) CHECK(y[i] == y[5]);
    for (const std::size_t i : {8, 9, 10}) CHECK(std::isnan(y[i]));
  }
}

TEST_CASE("softplus and sigmoid are nothing at minus infinity, and keep NaN") {
  std::vector<float> x(16);
  x[0] = -infinity, x[1] = std::numeric_limits<float>::quiet_NaN(), x[2] = infinity;
  for (const auto isa : all) {
    if (!supports(isa)) continue;
    CAPTURE(static_cast<int>(isa));
    const auto sum = values<Softplus>(isa, x), slope = values<Sigmoid>(isa, x);
    CHECK(sum[0] == 0);
    CHECK(slope[0] == 0);
    CHECK(std::isnan(sum[1]));
    CHECK(std::isnan(slope[1]));
    CHECK(sum[2] == infinity);
    CHECK(slope[2] == 1);
  }
}

TEST_CASE("a root is the standard library's to the last digit, of floats and of doubles") {
  const auto check = [](auto number, Isa isa) {
    using T = decltype(number);
    std::vector<T> x{0,
                     1,
                     2,
                     std::numeric_limits<T>::denorm_min(),
                     std::numeric_limits<T>::min(),
                     std::numeric_limits<T>::max(),
                     std::numeric_limits<T>::infinity(),
                     -1,
                     std::numeric_limits<T>::quiet_NaN()};
    for (T value = static_cast<T>(1e-30); value < static_cast<T>(1e30); value *= static_cast<T>(1.0371)) x.push_back(value);
    while (x.size() % 16 != 0) x.push_back(0);
    std::vector<T> y(x.size());
    run(isa, [&](auto bytes) __attribute__((always_inline)) {
      constexpr int width = bytes;
      using V = Vector<T, width>;
      for (std::size_t i = 0; i < x.size(); i += width / sizeof(T)) {
        V a;
        load(a, &x[i]);
        root(a, a);
        store(&y[i], a);
      }
    });
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(isa, x[i], y[i]);
      CHECK((y[i] == std::sqrt(x[i]) || (std::isnan(y[i]) && std::isnan(std::sqrt(x[i])))));
    }
  };
  for (const auto isa : all) {
    if (!supports(isa)) continue;
    check(float{}, isa);
    check(double{}, isa);
  }
}

TEST_CASE("the portable path is always there, and the widest is one that is supported") {
  CHECK(supports(Isa::Portable));
  CHECK(supports(widest()));
}
