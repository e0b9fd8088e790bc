// Held against every alignment written out one by one, against loops over the definitions, and against central differences.

#include "idcl/trajectory/torch.hpp"
#include "support/compare.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"

#include <functional>

namespace {

namespace trajectory = idcl::trajectory;
using namespace idcl::test;

/// Costs of all monotone alignments of [n] with [m] that keep within the band.
std::vector<double> alignments(const std::function<double(int64_t, int64_t)>& cost, int64_t n, int64_t m, int64_t band) {
  std::vector<double> totals;
  const std::function<void(int64_t, int64_t, double)> walk = [&](int64_t i, int64_t j, double total) {
    if (i >= n || j >= m || std::abs(i - j) > band) return;
    total += cost(i, j);
    if (i == n - 1 && j == m - 1) return totals.push_back(total);
    walk(i + 1, j, total), walk(i, j + 1, total), walk(i + 1, j + 1, total);
  };
  walk(0, 0, 0);
  return totals;
}

double squared(const Tensor& x, const Tensor& y, int64_t i, int64_t j) { return (x[i] - y[j]).square().sum().item<double>(); }

/// -gamma log sum exp(-cost / gamma) over all alignments.
double soft_minimum(const std::vector<double>& totals, double gamma) {
  const auto least = *std::min_element(totals.begin(), totals.end());
  double sum = 0;
  for (const auto total : totals) sum += std::exp((least - total) / gamma);
  return least - gamma * std::log(sum);
}

}  // namespace

TEST_CASE("Dtw and SoftDtw agree with all alignments written out") {
  Random random(1);
  for (int64_t n = 1; n <= 6; ++n)
    for (int64_t m = 1; m <= 6; ++m) {
      const auto width = 1 + (n + m) % 3;
      const auto x = random.normal({n, width}), y = random.normal({m, width});
      const auto cost = [&](int64_t i, int64_t j) { return squared(x, y, i, j); };
      INFO("lengths " << n << " and " << m);
      for (int64_t radius = 0; radius <= 6; ++radius) {
        const auto totals = alignments(cost, n, m, std::max(radius, std::abs(n - m)));
        check_close("Dtw in a band", trajectory::Dtw{.radius = radius}(x, y).item<double>(),
                    *std::min_element(totals.begin(), totals.end()), {1e-12, 1e-12});
      }
      const auto totals = alignments(cost, n, m, 6);
      for (const auto gamma : {1e-3, 0.1, 1.0, 100.0})
        check_close("SoftDtw", trajectory::SoftDtw{.gamma = gamma}(x, y).item<double>(), soft_minimum(totals, gamma), {1e-12, 1e-12});
    }
}

TEST_CASE("EditDistance agrees with all ways to edit written out") {
  Random random(5);
  const std::function<double(const std::vector<int64_t>&, const std::vector<int64_t>&, std::size_t, std::size_t)> least =
      [&](const auto& a, const auto& b, std::size_t i, std::size_t j) -> double {
    if (i == a.size()) return static_cast<double>(b.size() - j);
    if (j == b.size()) return static_cast<double>(a.size() - i);
    return std::min({least(a, b, i + 1, j + 1) + (a[i] == b[j] ? 0 : 1), least(a, b, i + 1, j) + 1, least(a, b, i, j + 1) + 1});
  };
  const auto sequence = [&](int64_t length) {
    const auto labels = random.integers(3, {length});
    return std::vector<int64_t>(labels.const_data_ptr<int64_t>(), labels.const_data_ptr<int64_t>() + length);
  };
  for (int64_t n = 1; n <= 6; ++n)
    for (int64_t m = 1; m <= 6; ++m) {
      const auto a = sequence(n), b = sequence(m);
      INFO("lengths " << n << " and " << m);
      CHECK(trajectory::EditDistance{}(a, b) == least(a, b, 0, 0) / static_cast<double>(std::max(n, m)));
    }
}

TEST_CASE("EditDistance takes any cost of a substitution") {
  const auto near = [](int64_t a, int64_t b) { return std::min(1.0, 0.25 * static_cast<double>(std::abs(a - b))); };
  const std::vector<int> a{0, 3, 3, 1, 5}, b{1, 3, 4, 0};
  std::vector<std::vector<double>> table(6, std::vector<double>(5));
  for (int i = 0; i <= 5; ++i)
    for (int j = 0; j <= 4; ++j) {
      if (i == 0 || j == 0)
        table[i][j] = i + j;
      else
        table[i][j] = std::min({table[i - 1][j - 1] + near(a[i - 1], b[j - 1]), table[i - 1][j] + 1, table[i][j - 1] + 1});
    }
  check_close("substitutions by difference", trajectory::EditDistance{.cost = near}(a, b), table[5][4] / 5, {1e-12, 1e-12});
}

TEST_CASE("a user's cost of rows, and the costs of the house, say what they say") {
  Random random(2);
  const auto x = random.normal({7, 3}), y = random.normal({9, 3});
  const auto own = [](const trajectory::Row<double>& a, const trajectory::Row<double>& b) { return (a - b).lpNorm<1>(); };
  check_close("absolute", trajectory::Dtw{.cost = own}(x, y).item<double>(),
              trajectory::Dtw{.cost = trajectory::cost::Absolute{}}(x, y).item<double>(), {1e-12, 0});
  const auto root = [](const trajectory::Row<double>& a, const trajectory::Row<double>& b) { return (a - b).norm(); };
  check_close("euclidean", trajectory::Dtw{.cost = root}(x, y).item<double>(),
              trajectory::Dtw{.cost = trajectory::cost::Euclidean{}}(x, y).item<double>(), {1e-12, 0});
}

TEST_CASE("gradients of soft-DTW agree with central differences, and second derivatives with those of gradients") {
  Random random(3);
  for (const auto gamma : {0.1, 2.0})
    for (const bool divergence : {false, true}) {
      const auto f = [=](const Inputs& in) {
        return divergence ? trajectory::SoftDtwDivergence{.gamma = gamma}(in[0], in[1]) : trajectory::SoftDtw{.gamma = gamma}(in[0], in[1]);
      };
      const Inputs inputs{random.normal({4, 2}), random.normal({3, 2})};
      INFO("gamma " << gamma << (divergence ? ", divergence" : ""));
      gradcheck("soft-DTW", f, inputs);
      gradcheck("second derivative", slope_of(f, {random.normal({4, 2}), random.normal({3, 2})}), inputs);
    }
}

TEST_CASE("the kernel and the anti-diagonals of ATen agree on ragged batches") {
  Random random(4);
  for (const auto gamma : {1e-3, 0.3, 5.0})
    for (const bool divergence : {false, true}) {
      const auto x = random.normal({11, 9, 3}).requires_grad_(), y = random.normal({11, 13, 3}).requires_grad_();
      const auto n = random.integers(9, {11}) + 1, m = random.integers(13, {11}) + 1, weight = random.normal({11});
      const auto run = [&](bool composed) {
        const auto value = trajectory::detail::soft_dtw_batch(x, y, n, m, gamma, divergence, composed);
        const auto slopes = torch::autograd::grad({(value * weight).sum()}, {x, y});
        return std::tuple(value, slopes[0], slopes[1]);
      };
      const auto [value, to_x, to_y] = run(false);
      const auto [other, other_x, other_y] = run(true);
      check_close("value", value, other, {1e-11, 1e-12});
      check_close("gradient of x", to_x, other_x, {1e-9, 1e-12});
      check_close("gradient of y", to_y, other_y, {1e-9, 1e-12});
    }
}

TEST_CASE("long sequences at a gamma of 1e-3: value and gradient agree with a loop in extended precision") {
  const auto gamma = 1e-3L;
  const int64_t n = 300, m = 260;
  Random random(6);
  for (const double scale : {0.1, 30.0}) {
    const auto x = random.normal({n, 2}) * scale, y = random.normal({m, 2}) * scale;
    const auto value = [&](const Tensor& rows) {
      const auto a = rows.accessor<double, 2>(), b = y.accessor<double, 2>();
      std::vector<long double> above(m + 1, INFINITY), now(m + 1, INFINITY);
      above[0] = 0;
      for (int64_t i = 0; i < n; ++i) {
        now[0] = INFINITY;
        for (int64_t j = 0; j < m; ++j) {
          const auto first = static_cast<long double>(a[i][0]) - b[j][0], second = static_cast<long double>(a[i][1]) - b[j][1];
          const auto least = std::min({above[j], above[j + 1], now[j]});
          const auto sum =
              std::exp((least - above[j]) / gamma) + std::exp((least - above[j + 1]) / gamma) + std::exp((least - now[j]) / gamma);
          now[j + 1] = first * first + second * second + least - gamma * std::log(sum);
        }
        std::swap(above, now);
      }
      return above[m];
    };
    const auto leaf = x.clone().requires_grad_();
    const auto found = trajectory::SoftDtw{.gamma = 1e-3}(leaf, y);
    found.backward();
    INFO("scale " << scale);
    check_close("value", found.item<double>(), static_cast<double>(value(x)), {1e-12, 0});
    CHECK(leaf.grad().isfinite().all().item<bool>());
    for (const int64_t row : {int64_t{0}, int64_t{77}, n - 1}) {
      auto more = x.clone(), less = x.clone();
      const auto step = 1e-6 * scale;
      more[row][1] += step;
      less[row][1] -= step;
      const auto width = more[row][1].item<double>() - less[row][1].item<double>();
      check_close("gradient", leaf.grad()[row][1].item<double>(), static_cast<double>((value(more) - value(less)) / width),
                  {1e-6, 1e-6 * scale});
    }
  }
}
