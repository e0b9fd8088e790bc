// How well distances find dialogs of the same scenario: scores against what they are defined to be, on cases small enough to count.

#include "support/catch.hpp"

#include "data/corpus.hpp"
#include "train/config.hpp"
#include "trajectory/measures.hpp"
#include "trajectory/neighbors.hpp"
#include "trajectory/plane.hpp"
#include "trajectory/retrieval.hpp"

#include <cmath>
#include <random>

using namespace merc;
using Catch::Matchers::Contains;

namespace {

Eigen::MatrixXd symmetric(std::initializer_list<std::initializer_list<double>> upper) {
  const auto n = static_cast<Eigen::Index>(upper.size()) + 1;
  Eigen::MatrixXd d = Eigen::MatrixXd::Zero(n, n);
  Eigen::Index i = 0;
  for (const auto& row : upper) {
    Eigen::Index j = i + 1;
    for (const double value : row) d(i, j) = d(j, i) = value, ++j;
    ++i;
  }
  return d;
}

}  // namespace

TEST_CASE("the scenario of an id") {
  CHECK(scenario("Ses01F_impro01") == "impro01");
  CHECK(scenario("Ses01F_script01_1") == "script01_1");
  CHECK(scenario("Ses05M_script01_1b") == "script01_1");
  CHECK(scenario("Ses03M_impro05a") == "impro05");
  CHECK(scenario("Ses04F_impro12bc") == "impro12");
  for (const auto* other : {"17", "", "Ses01F_", "Ses01F_impro", "dialog1", "Ses01F"}) CHECK(scenario(other).empty());
}

TEST_CASE("scores of a retrieval, counted by hand") {
  // Dialogs 0, 1, 2 are of one scenario, 3 and 4 of another.
  const auto d = symmetric({{1, 3, 2, 4}, {2.5, 1.5, 5}, {6, 0.5}, {0.25}});
  // 0: 1+ 3 2+ 4     -> (1/1 + 2/3) / 2      1: 0+ 3 2+ 4 -> the same
  // 2: 4 1+ 0+ 3     -> (1/2 + 2/3) / 2      3: 4+ ...    -> 1      4: 3+ ... -> 1
  const auto found = retrieval(d, {0, 0, 0, 1, 1});
  CHECK(found.queries == 5);
  CHECK(found.mean_average_precision == Approx((2 * (1 + 2. / 3) / 2 + (0.5 + 2. / 3) / 2 + 2) / 5).epsilon(1e-14));
  CHECK(found.recall_at_1 == Approx(4. / 5));
  CHECK(found.recall_at_15 == 1);
  // A dialog alone in its scenario asks nothing; nobody asks, nothing is found.
  CHECK(retrieval(d, {0, 0, 1, 2, 3}).queries == 2);
  CHECK(retrieval(d, {0, 1, 2, 3, 4}).queries == 0);
  CHECK(retrieval(d, {0, 1, 2, 3, 4}).mean_average_precision == 0);
}

TEST_CASE("recall counts the fifteen nearest, and equal distances go to the lower index") {
  Eigen::MatrixXd d = Eigen::MatrixXd::Zero(40, 40);
  std::vector<int> groups(40);
  for (int i = 20; i < 40; ++i) groups[i] = 1;
  const auto found = retrieval(d, groups);
  // All distances are equal: a dialog of the first scenario sees 15 of its 19 first, one of the second none.
  CHECK(found.recall_at_15 == Approx(0.5 * 15 / 19));
  CHECK(found.recall_at_1 == 0.5);
}

TEST_CASE("the correlation with the difference of lengths is Spearman's") {
  const std::vector<int64_t> lengths{5, 9, 4, 20};
  Eigen::MatrixXd d(4, 4);
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) d(i, j) = std::exp(static_cast<double>(std::abs(lengths[i] - lengths[j])));  // any growing function
  CHECK(length_correlation(d, lengths) == Approx(1).epsilon(1e-12));
  CHECK(length_correlation(-d, lengths) == Approx(-1).epsilon(1e-12));
  CHECK(length_correlation(Eigen::MatrixXd::Ones(4, 4), lengths) == 0);
  // Pairs (1,0) (2,0) (2,1) (3,0) (3,1) (3,2): differences 4 1 5 15 11 16, distances 1 1 2 3 4 5: ranks 1 0 2 4 3 5 and .5 .5 2 3 4 5.
  const auto tied = symmetric({{1, 1, 3}, {2, 4}, {5}});
  CHECK(length_correlation(tied, lengths) == Approx(16. / std::sqrt(17.5 * 17)).epsilon(1e-12));
}

TEST_CASE("points in a plane are found again, but for turns and mirrors") {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  Eigen::MatrixXd points(9, 2);
  for (auto& value : points.reshaped()) value = normal(random);
  const auto distances = [](const Eigen::MatrixXd& x) {
    Eigen::MatrixXd d(x.rows(), x.rows());
    for (Eigen::Index i = 0; i < x.rows(); ++i)
      for (Eigen::Index j = 0; j < x.rows(); ++j) d(i, j) = (x.row(i) - x.row(j)).norm();
    return d;
  };
  CHECK((distances(planar_map(distances(points))) - distances(points)).cwiseAbs().maxCoeff() < 1e-9);
  CHECK(planar_map(Eigen::MatrixXd::Zero(5, 5)).cwiseAbs().maxCoeff() == 0);
  CHECK(planar_map(Eigen::MatrixXd::Zero(1, 1)).rows() == 1);
}

TEST_CASE("the principal plane is that of the largest variances, whichever side of the matrix is longer") {
  // Along orthogonal directions u, v, w with lengths 3, 2, 1: the plane is u, v and carries 9/14 and 4/14 of the variance.
  Eigen::MatrixXd directions = Eigen::MatrixXd::Zero(3, 5);
  directions.row(0) << 1, 1, 0, 0, 0;
  directions.row(1) << 1, -1, 0, 0, 0;
  directions.row(2) << 0, 0, 0, 0, std::sqrt(2);
  directions /= std::sqrt(2);
  Eigen::MatrixXd places(6, 3);
  places << 3, 0, 0, -3, 0, 0, 0, 2, 0, 0, -2, 0, 0, 0, 1, 0, 0, -1;
  const Eigen::MatrixXd rows = (places * directions).rowwise() + Eigen::RowVectorXd::LinSpaced(5, 1, 9);
  const auto tall = principal_plane(rows);
  CHECK(tall.first == Approx(9. / 14));
  CHECK(tall.second == Approx(4. / 14));
  CHECK((tall.points.cwiseAbs() - places.leftCols(2).cwiseAbs()).cwiseAbs().maxCoeff() < 1e-12);
  // The same rows among many columns take the other way.
  Eigen::MatrixXd padded = Eigen::MatrixXd::Zero(6, 40);
  padded.leftCols(5) = rows;
  const auto wide = principal_plane(padded);
  CHECK(wide.first == Approx(9. / 14));
  CHECK((wide.points.cwiseAbs() - tall.points.cwiseAbs()).cwiseAbs().maxCoeff() < 1e-12);  // as many on either side
  CHECK(principal_plane(Eigen::MatrixXd::Ones(4, 3)).points.cwiseAbs().maxCoeff() == 0);
  CHECK(principal_plane(Eigen::MatrixXd::Ones(1, 3)).points.rows() == 1);
  CHECK(principal_plane(Eigen::MatrixXd(0, 3)).points.rows() == 0);
}

TEST_CASE("neighbours are the nearest by angle, and agree as often as they are of one group") {
  Eigen::MatrixXd rows(5, 2);
  rows << 1, 0, 10, 1, 0, 3, 1, 4, 0, 0;  // two directions, and a row without one
  CHECK(cosine_neighbors(rows, 2) == std::vector<std::vector<int>>{{1, 3}, {0, 3}, {3, 1}, {2, 1}, {0, 1}});
  CHECK(cosine_neighbors(rows, 99)[4] == std::vector<int>{0, 1, 2, 3});
  CHECK(cosine_neighbors(rows, 0)[0].empty());
  CHECK(cosine_neighbors(rows.topRows(1), 3)[0].empty());

  const auto groups = group_by({"b", "b", "a", "a", "a"});
  CHECK(groups.names == std::vector<std::string>{"a", "b"});
  CHECK(groups.of == std::vector<int>{1, 1, 0, 0, 0});
  const auto found = agreement(cosine_neighbors(rows, 2), groups.of);
  CHECK(found.share == Approx((0.5 + 0.5 + 0.5 + 0.5 + 0) / 5));
  CHECK(found.chance == Approx((2 * 1. / 4 + 3 * 2. / 4) / 5));
  CHECK(found.most == Approx((2 * 0.5 + 3 * 1) / 5));
  CHECK(found.nearest == Approx(4. / 5));
  CHECK(agreement({}, {}).share == 0);
}

TEST_CASE("measures by name compare label sequences, none of them by length") {
  const std::vector<LabelSequence> sequences{
      {0, 1, 2, 0, 1, 2, 2, 2}, {0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2}, {1, 1}, {0, 1, 2, 0, 1, 2, 2, 2}};
  REQUIRE(trajectory_measure_names().front() == "segment_histogram");
  for (const auto& measure : trajectory_measures()) {
    INFO(measure.name);
    const auto d = measure.distances(sequences, 3);
    REQUIRE(d.rows() == 4);
    CHECK((d - d.transpose()).cwiseAbs().maxCoeff() == 0);
    CHECK(d.diagonal().cwiseAbs().maxCoeff() < 1e-9);
    CHECK(std::abs(d(0, 3)) < 1e-9);
    CHECK(d(0, 2) > 0);
    CHECK(d(0, 1) < 1.1);  // twice as long, the same course
    CHECK_FALSE(measure.options.empty());
    CHECK(trajectory_measure(measure.name).options == measure.options);
  }
  const Matrix right{.rows = 2, .cols = 2, .values = {1, 0, 3, 0}}, up{.rows = 1, .cols = 2, .values = {0, 5}};
  const auto pooled = mean_pool_distances({&right, &up, &right});
  CHECK(pooled(0, 1) == Approx(1));
  CHECK(pooled(0, 2) == Approx(0).margin(1e-12));
  CHECK_THROWS_AS(trajectory_measure("frechet"), UsageError);
  CHECK_THROWS_WITH(trajectory_measure("frechet"),
                    Contains("no trajectory measure named \"frechet\"; there are segment_histogram, histogram"));
  Dialog dialog;
  dialog.labels = {2, -1, 0, -1};
  CHECK(labels_of(dialog) == LabelSequence{2, 0});
}
