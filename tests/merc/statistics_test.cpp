#include "report/statistics.hpp"
#include "report/table.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <random>

namespace {

using merc::Confusion;
using merc::SeedResults;

/// Student's t distribution function by Simpson's rule over its density.
double student_cdf(double t, double degrees) {
  const double scale = std::exp(std::lgamma((degrees + 1) / 2) - std::lgamma(degrees / 2)) / std::sqrt(degrees * std::acos(-1.0));
  const auto density = [&](double x) { return scale * std::pow(1 + x * x / degrees, -(degrees + 1) / 2); };
  constexpr int steps = 20000;
  double sum = density(0) + density(t);
  for (int i = 1; i < steps; ++i) sum += density(t * i / steps) * (i % 2 ? 4 : 2);
  return 0.5 + sum * t / steps / 3;
}

/// Dialogs of ten utterances of two classes, of which `right` in expectation are right.
SeedResults results(int seeds, int dialogs, double right, unsigned seed) {
  std::mt19937 engine(seed);
  SeedResults all(seeds);
  for (auto& one : all)
    for (int d = 0; d < dialogs; ++d) {
      Confusion counts(2, std::vector<int64_t>(2, 0));
      for (int u = 0; u < 10; ++u) {
        const int truth = u % 2;
        ++counts[truth][engine() % 1000 < 1000 * right ? truth : 1 - truth];
      }
      one.push_back(counts);
    }
  return all;
}

}  // namespace

TEST_CASE("mean and sample standard deviation") {
  const auto summary = merc::summarize(std::vector<double>{1, 2, 4, 5});
  CHECK(summary.mean == Approx(3));
  CHECK(summary.std == Approx(std::sqrt(10.0 / 3)));
  CHECK(merc::summarize(std::vector<double>{7}).std == 0);
}

TEST_CASE("the quantile of Student's t is where its distribution function is 0.975") {
  for (int degrees = 1; degrees <= 60; ++degrees) {
    INFO(degrees);
    CHECK(student_cdf(merc::student_t_975(degrees), degrees) == Approx(0.975).margin(2e-6));
  }
  CHECK_THROWS_WITH(merc::student_t_975(0), "student_t_975: expected at least 1 degree of freedom, got 0");
}

TEST_CASE("the paired t interval is mean +- t s / sqrt(n)") {
  const auto interval = merc::paired_t(std::vector<double>{1, 2, 3});
  CHECK(interval.low == Approx(2 - 4.3027 / std::sqrt(3.0)));
  CHECK(interval.high == Approx(2 + 4.3027 / std::sqrt(3.0)));
  CHECK_THROWS_WITH(merc::paired_t(std::vector<double>{1}), "paired_t: expected at least 2 differences, got 1");
}

TEST_CASE("the paired bootstrap sees a difference, and none where there is none") {
  const auto worse = results(3, 30, 0.6, 1), better = results(3, 30, 0.8, 2);
  CHECK(merc::paired_bootstrap(worse, better).above_zero());
  CHECK(merc::paired_bootstrap(better, worse).below_zero());
  const auto same = merc::paired_bootstrap(worse, worse);
  CHECK(same.low == 0);
  CHECK(same.high == 0);
  CHECK_THROWS_WITH(merc::paired_bootstrap(worse, results(2, 30, 0.6, 1)),
                    "paired_bootstrap: expected the same seeds and dialogs on both sides");
  CHECK_THROWS_WITH(merc::paired_bootstrap(worse, results(3, 29, 0.6, 1)),
                    "paired_bootstrap: expected the same seeds and dialogs on both sides");
}

TEST_CASE("the bootstrap interval covers the true difference about as often as it says") {
  int covered = 0;
  constexpr int trials = 200;
  for (int trial = 0; trial < trials; ++trial) {
    const auto interval = merc::paired_bootstrap(results(1, 40, 0.6, 2 * trial + 10), results(1, 40, 0.7, 2 * trial + 11), 400, trial);
    covered += interval.low <= 0.1 && 0.1 <= interval.high;
  }
  CHECK(covered >= 0.88 * trials);
  CHECK(covered < trials);
}

TEST_CASE("McNemar's exact test is twice a tail of the binomial distribution") {
  CHECK(merc::mcnemar(0, 0) == 1);
  CHECK(merc::mcnemar(0, 5) == Approx(2.0 / 32));
  CHECK(merc::mcnemar(6, 1) == Approx(2.0 * (1 + 7) / 128));
  CHECK(merc::mcnemar(1, 6) == merc::mcnemar(6, 1));
  CHECK(merc::mcnemar(10, 10) == 1);
  CHECK(merc::mcnemar(400, 500) == Approx(0.0009564441369189461).epsilon(1e-9));
  CHECK_THROWS_WITH(merc::mcnemar(-1, 2), "mcnemar: expected counts that are not negative");
}

TEST_CASE("tables align by characters, not bytes") {
  CHECK(merc::table({{"name", "±"}, {"a", "1.00 ± 0.20"}, {"bb", "9"}}) ==
        "name            ±\n"
        "-----------------\n"
        "a     1.00 ± 0.20\n"
        "bb              9\n");
  CHECK(merc::percent(0.65432) == "65.43");
  CHECK(merc::mean_deviation(0.6543, 0.0021) == "65.43 ± 0.21");
}
