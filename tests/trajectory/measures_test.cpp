// Transport, signatures, pooled rows, tracks of speakers, and the nearest without the matrix: each against its definition.

#include "idcl/trajectory/mean_pool.hpp"
#include "idcl/trajectory/optimal_transport.hpp"
#include "idcl/trajectory/signature.hpp"
#include "idcl/trajectory/torch.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

namespace {

namespace trajectory = idcl::trajectory;
using namespace idcl::test;

/// Indices and distances by sorting each row of the matrix, the diagonal left out.
template <class M>
int64_t check_nearest(const std::string& what, const M& measure, const Tensor& values, const Tensor& lengths, int64_t k) {
  INFO(what);
  const auto found = trajectory::nearest(measure, values, lengths, k);
  auto matrix = trajectory::pairwise(measure, values, lengths);
  matrix.fill_diagonal_(std::numeric_limits<double>::infinity());
  const auto [sorted, order] = matrix.sort(/*stable=*/true, 1, /*descending=*/false);
  CHECK(found.distances.equal(sorted.narrow(1, 0, k)));
  CHECK(found.indices.equal(order.narrow(1, 0, k)));
  CHECK(found.pruned >= 0);
  CHECK(found.pruned < 1);
  return static_cast<int64_t>(100 * found.pruned);
}

}  // namespace

TEST_CASE("nearest gives what sorting the matrix gives, and leaves pairs out") {
  Random random(1);
  const auto shapes = random.normal({6, 32}).cumsum(1).repeat_interleave(8, 0), walks = shapes + 0.2 * random.normal({48, 32}).cumsum(1);
  const auto lengths = at::full({48}, 32, at::kLong);
  CHECK(check_nearest("series in a band", trajectory::Dtw{.radius = 3}, walks.unsqueeze(2), lengths, 5) >= 50);
  const auto ragged = random.integers(32, {48}) + 1;
  check_nearest("ragged, no band", trajectory::Dtw{}, walks.unsqueeze(2), ragged, 5);
  check_nearest("ragged, in a band", trajectory::Dtw{.radius = 2}, walks.unsqueeze(2), ragged, 47);
  check_nearest("euclidean", trajectory::Dtw{.radius = 2, .cost = trajectory::cost::Euclidean{}}, random.normal({20, 9, 3}),
                random.integers(9, {20}) + 1, 4);
  check_nearest("absolute, float32", trajectory::Dtw{.radius = 2, .cost = trajectory::cost::Absolute{}},
                random.normal({20, 9, 3}, at::kFloat), random.integers(9, {20}) + 1, 4);
  check_nearest("labels with many ties", trajectory::EditDistance{}, random.integers(3, {40, 6}), random.integers(7, {40}), 7);
  check_nearest("a measure without bounds", trajectory::SegmentHistogram{}, random.integers(3, {30, 6}), random.integers(6, {30}) + 1, 7);
  CHECK(trajectory::nearest(trajectory::EditDistance{}, random.integers(3, {4, 6}), at::full({4}, 6, at::kLong), 15).indices.size(1) == 3);
  CHECK(trajectory::nearest(trajectory::EditDistance{}, random.integers(3, {1, 6}), at::full({1}, 6, at::kLong), 15).indices.size(1) == 0);
}

TEST_CASE("transport at a cost of 0 and 1 tends to total variation, and is zero between equal histograms") {
  const std::vector<int> a{0, 0, 1, 2, 2, 2, 3, 0}, b{1, 1, 2, 3};
  const auto variation = 0.5 * (3.0 / 8 + 3.0 / 8 + 1.0 / 8 + 1.0 / 8);
  check_close("a small epsilon", trajectory::OptimalTransport{.epsilon = 0.01, .iterations = 1000}(a, b), variation, {0, 2e-2});
  CHECK(trajectory::OptimalTransport{}(a, std::vector<int>{3, 2, 1, 0, 2, 0, 0, 2}) == 0);
  const trajectory::OptimalTransport exact{.iterations = 2000};
  check_close("symmetry", exact(a, b), exact(b, a), {0, 1e-9});
  Eigen::MatrixXd places(4, 2);
  places << 0, 0, 0, 1, 1, 0, 1, 1;
  const trajectory::OptimalTransport near{.cost = trajectory::cost::valence_arousal(places)};
  CHECK(near(std::vector<int>{0, 0}, std::vector<int>{1, 1}) < near(std::vector<int>{0, 0}, std::vector<int>{3, 3}));
}

TEST_CASE("a table of label costs is distance over the largest, and knows its labels") {
  Eigen::MatrixXd places(3, 1);
  places << 0, 1, 4;
  const auto table = trajectory::cost::valence_arousal(places);
  CHECK(table.costs(0, 1) == 0.25);
  CHECK(table.costs(2, 0) == 1);
  CHECK(trajectory::EditDistance{.cost = table}(std::vector<int>{0, 1}, std::vector<int>{1, 1}) == 0.125);
  CHECK_THROWS_WITH((trajectory::Dtw{.cost = table}(std::vector<int>{0, 3}, std::vector<int>{1})),
                    "idcl::trajectory::cost::Table: expected labels in [0, 3), but got 3");
}

TEST_CASE("a signature is the iterated integrals of a path of straight steps") {
  Random random(2);
  const auto x = random.normal({5, 2});
  std::vector<std::array<double, 2>> steps;
  for (int64_t t = 1; t < 5; ++t) steps.push_back({(x[t][0] - x[t - 1][0]).item<double>(), (x[t][1] - x[t - 1][1]).item<double>()});
  const auto count = static_cast<int>(steps.size());
  // Over ordered places, places of one step sharing it: a half for two of them, a sixth for three.
  const auto integral = [&](int i, int j, int k) {
    double first = 0, second = 0, third = 0;
    for (int a = 0; a < count; ++a) {
      first += steps[a][i];
      for (int b = a; b < count; ++b) {
        second += steps[a][i] * steps[b][j] * (a == b ? 0.5 : 1);
        for (int c = b; c < count; ++c)
          third += steps[a][i] * steps[b][j] * steps[c][k] * (a == b && b == c ? 1.0 / 6 : a == b || b == c ? 0.5 : 1);
      }
    }
    return std::array{first, second, third};
  };
  for (const int64_t depth : {1, 2, 3}) {
    const trajectory::Signature measure{.depth = depth, .time = false};
    const auto signature = measure.prepare(trajectory::Frames<double>(x.const_data_ptr<double>(), 5, 2));
    REQUIRE(signature.size() == (depth == 1 ? 2 : depth == 2 ? 6 : 14));
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j)
        for (int k = 0; k < 2; ++k) {
          const auto [first, second, third] = integral(i, j, k);
          check_close("first", signature[i], first, {1e-12, 1e-12});
          if (depth > 1) check_close("second", signature[2 + j * 2 + i], second, {1e-12, 1e-12});
          if (depth > 2) check_close("third", signature[6 + k * 4 + j * 2 + i], third, {1e-12, 1e-12});
        }
    CHECK(measure(x, (x + 3).contiguous()).item<double>() < 1e-12);  // blind to where it starts
  }
  CHECK(trajectory::Signature{}(x, x.flip(0)).item<double>() > 0.1);  // not to the way it goes
  CHECK(trajectory::Signature{.depth = 2}(x, x.flip(0)).item<double>() > 0.1);
  CHECK_THROWS_WITH((trajectory::Signature{.depth = 4}(x, x)), Catch::Contains("expected `depth` from 1 to 3, but got 4"));
}

TEST_CASE("MeanPool is one minus the cosine of means") {
  Random random(3);
  const auto x = random.normal({5, 4}), y = random.normal({9, 4});
  const auto expected = 1 - at::cosine_similarity(x.mean(0), y.mean(0), 0).item<double>();
  check_close("cosine", trajectory::MeanPool{}(x, y).item<double>(), expected, {1e-12, 1e-12});
  CHECK_THROWS_WITH((trajectory::MeanPool{}(x, random.normal({3, 2}))), Catch::Contains("expected sequences of one width"));
}

TEST_CASE("tracks are what each speaker says, and a mask may have holes") {
  const auto labels = at::tensor({1, 2, 3, 4, 5}, at::kLong), speakers = at::tensor({0, 1, 0, 1, 1}, at::kLong),
             lengths = at::tensor({3, 2}, at::kLong);
  const auto one = trajectory::track(labels, lengths, speakers, 0), other = trajectory::track(labels, lengths, speakers, 1);
  CHECK(one.values.equal(at::tensor({1, 3}, at::kLong)));
  CHECK(one.lengths.equal(at::tensor({2, 0}, at::kLong)));
  CHECK(other.values.equal(at::tensor({2, 4, 5}, at::kLong)));
  CHECK(other.lengths.equal(at::tensor({1, 2}, at::kLong)));
  CHECK(trajectory::joint_labels(labels, speakers, 6).equal(at::tensor({1, 8, 3, 10, 11}, at::kLong)));
  const auto in_rows = at::tensor({1, 2, 3, 4, 5, -7}, at::kLong).view({2, 3}), by = at::tensor({0, 1, 0, 1, 1, 1}, at::kLong).view({2, 3});
  for (const auto& told : {lengths, in_rows >= 0}) {
    CHECK(trajectory::track(in_rows, told, by, 0).values.equal(one.values));
    CHECK(trajectory::track(in_rows, told, by, 0).lengths.equal(one.lengths));
    CHECK(trajectory::track(in_rows, told, by, 1).values.equal(other.values));
    CHECK(trajectory::track(in_rows.unsqueeze(2).to(at::kFloat), told, by, 1).values.equal(other.values.unsqueeze(1).to(at::kFloat)));
    CHECK(trajectory::track(in_rows, told, by, 1).lengths.equal(other.lengths));
  }
  CHECK_THROWS_WITH(
      trajectory::track(labels, lengths, by, 0),
      Catch::Contains("idcl::trajectory::track: expected `speakers` to be [T] beside `values` [T] or [T, D], or [N, L] beside "
                      "[N, L] or [N, L, D], but got [2, 3] beside [5]"));
  CHECK_THROWS_WITH(
      trajectory::track(labels, at::tensor({3, 3}, at::kLong), speakers, 0),
      Catch::Contains("idcl::trajectory::track: expected `lengths` to add up to the 5 rows of `values`, but they add up to 6"));
  const auto padded = at::tensor({1, -7, 2, 3, 3, -7}, at::kLong).view({2, 3}), mask = padded >= 0;
  CHECK(trajectory::pairwise(trajectory::EditDistance{}, padded, mask)
            .equal(trajectory::pairwise(trajectory::EditDistance{}, at::tensor({1, 2, 3, 3}, at::kLong), at::tensor({2, 2}, at::kLong))));
}
