// Lower bounds of warping between labels: none above the distance, and what is found with them is brute force's.

#include "idcl/trajectory/dtw.hpp"
#include "idcl/trajectory/edit_distance.hpp"
#include "idcl/trajectory/nearest.hpp"
#include "idcl/trajectory/per_length.hpp"
#include "idcl/trajectory/segment_histogram.hpp"
#include "idcl/trajectory/within.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace {

namespace trajectory = idcl::trajectory;
namespace detail = idcl::trajectory::detail;
using Dialogs = std::vector<std::vector<int64_t>>;

constexpr auto infinity = std::numeric_limits<double>::infinity();

/// Dialogs of 1 to `longest` labels, each of two or three of six, which often repeat: synthetic. Every fifth comes twice.
Dialogs few_labels(uint32_t seed, int count, int longest) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int64_t>(random() % static_cast<uint32_t>(n)); };
  Dialogs dialogs;
  while (static_cast<int>(dialogs.size()) < count) {
    if (dialogs.size() % 5 == 4) {
      dialogs.push_back(dialogs[dialogs.size() - 3]);
      continue;
    }
    const std::vector<int64_t> own{below(6), below(6), below(6)};
    std::vector<int64_t> labels{own[0]};
    while (static_cast<int64_t>(labels.size()) <= below(longest)) labels.push_back(below(2) == 0 ? labels.back() : own[below(3)]);
    dialogs.push_back(labels);
  }
  return dialogs;
}

std::vector<int64_t> all_of(const Dialogs& dialogs) {
  std::vector<int64_t> all(dialogs.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// By how much each bound of each pair is above its distance at most, and how many bounds there are above zero.
template <class Measure>
std::pair<double, int> excess(const Measure& measure, const Dialogs& dialogs) {
  const auto prepared = detail::prepare_all(measure, dialogs);
  const auto all = all_of(dialogs);
  auto most = -infinity;
  int positive = 0;
  for (const auto i : all) {
    const auto bounds = detail::bounded(measure, prepared, i, all), distances = detail::measured(measure, prepared, i, all);
    for (const auto j : all) {
      most = std::max(most, bounds[j] - distances[j]);
      positive += bounds[j] > 0;
    }
  }
  return {most, positive};
}

/// `check(name, measure)` for warping between labels at several costs, in bands and in none.
template <class Check>
void for_each_warping(const Check& check) {
  Eigen::MatrixXd table(6, 6);
  for (int a = 0; a < 6; ++a)
    for (int b = 0; b < 6; ++b) table(a, b) = a == b ? 0 : 1.0 / (3 + (a * b) % 4);
  const auto steps = [](int64_t a, int64_t b) { return 0.1 * static_cast<double>(std::abs(a - b)); };
  const auto biased = [](int64_t a, int64_t b) { return 0.3 + 0.1 * static_cast<double>(std::abs(a - b)); };  // not 0 between equal ones
  const auto forbidding = [](int64_t a, int64_t b) { return a + b == 7 ? infinity : a == b ? 0.0 : 1.0; };
  for (const int64_t radius : {0, 1, 4, 1000}) {
    const auto named = [&](const char* cost) { return std::string(cost) + ", radius " + std::to_string(radius); };
    check(named("0 or 1"), trajectory::Dtw{.radius = radius});
    check(named("a table"), trajectory::Dtw{.radius = radius, .cost = trajectory::cost::Table{table}});
    check(named("steps"), trajectory::Dtw{.radius = radius, .cost = steps});
    check(named("biased"), trajectory::Dtw{.radius = radius, .cost = biased});
    check(named("forbidding"), trajectory::Dtw{.radius = radius, .cost = forbidding});
    check(named("over the length"), trajectory::PerLength{.measure = trajectory::Dtw{.radius = radius, .cost = steps}});
  }
}

/// The k nearest and those within a distance, by the matrix of all pairs.
template <class Measure>
void check_found(const Measure& measure, const Dialogs& dialogs, int64_t k, double distance) {
  const auto matrix = trajectory::pairwise(measure, dialogs);
  const auto near = trajectory::nearest(measure, dialogs, k);
  const auto within = trajectory::within(measure, dialogs, distance);
  REQUIRE(within.begin.size() == dialogs.size() + 1);
  for (std::size_t i = 0; i < dialogs.size(); ++i) {
    std::vector<int64_t> order, close;
    for (const auto j : all_of(dialogs)) {
      if (j == static_cast<int64_t>(i)) continue;
      order.push_back(j);
      if (matrix(i, j) <= distance) close.push_back(j);
    }
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return matrix(i, a) < matrix(i, b); });
    for (int64_t rank = 0; rank < k; ++rank) {
      CHECK(near.indices(i, rank) == order[rank]);
      CHECK(near.distances(i, rank) == matrix(i, order[rank]));
    }
    CHECK(close == std::vector<int64_t>(within.indices.begin() + within.begin[i], within.indices.begin() + within.begin[i + 1]));
  }
}

}  // namespace

TEST_CASE("no bound of a warping between labels is above its distance") {
  for (uint32_t trial = 0; trial < 20; ++trial) {
    const auto dialogs = few_labels(trial, 25, 1 + static_cast<int>(trial));
    for_each_warping([&](const std::string& name, const auto& measure) {
      INFO(name << ", trial " << trial);
      const auto [most, positive] = excess(measure, dialogs);
      CHECK(!(most > 0));  // infinity less infinity is none
      CHECK(positive > 25);
    });
  }
}

TEST_CASE("labels that the other sequence has not cost what they cost at least") {
  const auto bound = [](const auto& measure, const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
    const auto* other = &b;
    double result = 0;
    measure.bounds(a, std::span<const std::vector<int64_t>* const>(&other, 1), &result);
    return result;
  };
  CHECK(bound(trajectory::Dtw{}, {0, 0, 1}, {2, 3, 2, 3, 3}) == Approx(5).epsilon(1e-12));  // nothing in common: the longer length
  CHECK(bound(trajectory::Dtw{}, {0, 2, 2, 2, 0}, {0, 1, 0}) == Approx(3).epsilon(1e-12));  // three twos
  CHECK(bound(trajectory::Dtw{}, {0, 1, 1, 1}, {1, 1, 1, 0}) == Approx(2).epsilon(1e-12));  // both ends
  CHECK(bound(trajectory::Dtw{}, {3}, {1}) == Approx(1).epsilon(1e-12));
  CHECK(bound(trajectory::Dtw{}, {3}, {1, 3, 1}) == Approx(2).epsilon(1e-12));
  const std::vector<int64_t> early{0, 1, 0, 0, 0, 0, 0, 0}, late{0, 0, 0, 0, 0, 0, 1, 0};
  CHECK(bound(trajectory::Dtw{}, early, late) == 0);
  CHECK(bound(trajectory::Dtw{.radius = 2}, early, late) == Approx(1).epsilon(1e-12));  // out of the band's reach
  const auto steps = [](int64_t a, int64_t b) { return 0.1 * static_cast<double>(std::abs(a - b)); };
  CHECK(bound(trajectory::Dtw{.cost = steps}, {5, 5, 5}, {2, 3, 1}) == Approx(0.9).epsilon(1e-12));  // 0.3 + 0.2 + 0.4
}

TEST_CASE("the nearest and those within a distance are brute force's between labels, ties included") {
  const auto dialogs = few_labels(7, 40, 12);
  for_each_warping([&](const std::string& name, const auto& measure) {
    INFO(name);
    for (const auto distance : {0.0, 0.1, 0.4, 3.0}) check_found(measure, dialogs, 5, distance);
  });
  check_found(trajectory::EditDistance{}, dialogs, 5, 0.5);
  check_found(trajectory::SegmentHistogram{}, dialogs, 5, 0.5);
}

TEST_CASE("what cannot be bounded is measured") {
  auto dialogs = few_labels(3, 30, 9);
  const auto rewarding = [](int64_t a, int64_t b) { return a == b ? -1.0 : 1.0; };
  const trajectory::Dtw measure{.cost = rewarding};
  CHECK(excess(measure, dialogs).first == -infinity);
  check_found(measure, dialogs, 4, 0.5);
  for (auto& dialog : dialogs)
    for (auto& label : dialog) label *= 1'000'000'000;  // a table of as many labels there is not
  CHECK(trajectory::within(trajectory::Dtw{}, dialogs, 0.5).pruned == 0);
  check_found(trajectory::Dtw{}, dialogs, 4, 0.5);
}

TEST_CASE("bounds between labels spare most pairs of dialogs that share few, and none where they would not pay") {
  const auto dialogs = few_labels(1, 150, 40);
  CHECK(trajectory::nearest(trajectory::PerLength{.measure = trajectory::Dtw{}}, dialogs, 5).pruned > 0.5);
  CHECK(trajectory::within(trajectory::PerLength{.measure = trajectory::Dtw{}}, dialogs, 0.2).pruned > 0.5);
  Dialogs alike;
  for (auto dialog : dialogs) {
    for (int64_t label = 0; label < 6; ++label) dialog.push_back(label);
    alike.push_back(dialog);
  }
  CHECK(trajectory::nearest(trajectory::PerLength{.measure = trajectory::Dtw{}}, alike, 5).pruned == 0);
}

TEST_CASE("none, one, and a distance that makes no sense") {
  CHECK(trajectory::within(trajectory::Dtw{}, Dialogs{}, 1).begin == std::vector<int64_t>{0});
  const auto one = trajectory::within(trajectory::Dtw{}, Dialogs{{1, 2}}, 1);
  CHECK(one.begin == std::vector<int64_t>{0, 0});
  CHECK(one.pruned == 0);
  CHECK_THROWS_WITH(trajectory::within(trajectory::Dtw{}, Dialogs{{1}, {2}}, -1),
                    "idcl::trajectory::within: expected `distance` to be finite and >= 0, but got -1");
  CHECK_THROWS_WITH(trajectory::within(trajectory::Dtw{}, Dialogs{{1}, {}}, 1),
                    "idcl::trajectory::Dtw: expected a sequence of at least one element, but got an empty one");
}
