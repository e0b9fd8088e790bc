// The registers: exponentials and logarithms against the standard library's, and processors without AVX2 against those with it.

#include "idcl/trajectory/detail/soft.hpp"
#include "support/catch.hpp"

#include <cmath>

namespace {

namespace trajectory = idcl::trajectory;
namespace detail = idcl::trajectory::detail;

/// What a function of registers makes of one number, in registers of 16 bytes: any processor's.
template <class Function>
double of_one(const Function& function, double x) {
  using V = detail::Vector<double, 16>;
  const V argument = V{} + x;
  V result;
  function(result, argument);
  return result[0];
}

}  // namespace

TEST_CASE("exp and log of registers are the standard library's to a few units in the last place") {
  const auto exponential = [](auto& result, const auto& x) { detail::exp_of_negative(result, x); };
  const auto logarithm = [](auto& result, const auto& x) { detail::log_of_one_to_three(result, x); };
  for (double x = 0; x > -690; x -= 0.0371) {
    INFO("exp " << x);
    CHECK(std::abs(of_one(exponential, x) / std::exp(x) - 1) < 1e-15);
  }
  CHECK(of_one(exponential, 0) == 1);
  CHECK(of_one(exponential, -1e300) < 1e-300);
  CHECK(of_one(exponential, -INFINITY) < 1e-300);
  for (double x = 1; x <= 3; x += 0.00137) {
    INFO("log " << x);
    CHECK(std::abs(of_one(logarithm, x) - std::log(x)) < 4e-16);
  }
  CHECK(of_one(logarithm, 1) == 0);
}

TEST_CASE("registers of 16 bytes and of 32 give the same alignments, of lanes of any lengths") {
  using Rows = trajectory::RowMajor<double>;
  std::vector<Rows> a, b;
  for (const int64_t length : {7, 1, 12, 5}) a.push_back(Rows::Random(length, 2));
  for (const int64_t length : {3, 9, 6, 13}) b.push_back(Rows::Random(length, 2));
  const auto x = detail::pack<double>(4, [&](int l) { return &a[l]; }), y = detail::pack<double>(4, [&](int l) { return &b[l]; });
  for (const int64_t radius : {1, 100}) {
    std::array<int64_t, 4> band;
    for (int l = 0; l < 4; ++l) band[l] = std::max(radius, std::abs(x.length_of(l) - y.length_of(l)));
    const auto check = [&](const auto& step) {
      std::array<double, 4> narrow, wide;
      detail::sweep_with<16>(step, trajectory::cost::SquaredEuclidean{}, x, y, band, static_cast<double*>(nullptr), narrow);
      wide = detail::sweep(step, trajectory::cost::SquaredEuclidean{}, x, y, band);
      for (int l = 0; l < 4; ++l) {
        INFO("radius " << radius << ", lane " << l);
        CHECK(std::abs(narrow[l] - wide[l]) <= 1e-13 * std::abs(wide[l]));
      }
    };
    check(detail::Warping{});
    if (radius == 100) check(detail::Softening{0.2});
  }
}
