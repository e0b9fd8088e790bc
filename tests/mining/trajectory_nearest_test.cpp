// The k of most similar trajectory are found by lower bounds, without the table of all pairs: the result is brute force's, and most
// pairs are never measured.

#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/distances.hpp"
#include "idcl/mining/trajectory.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/trajectory/torch.hpp"
#include "mining/trajectories.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <atomic>

namespace {

using namespace idcl;
using namespace idcl::test;

/// Every pair measured by itself, each row sorted by distance and then by index, -1 for what is no finite distance.
Tensor brute_force(const auto& measure, const Tensor& values, const Tensor& lengths, int64_t k) {
  const auto [sorted, order] = distances_of_all(measure, values, lengths).sort(/*stable=*/true, 1, /*descending=*/false);
  return order.masked_fill(sorted.isfinite().logical_not(), -1).narrow(1, 0, std::min(k, lengths.size(0) - 1));
}

auto miner_of(const auto& measure, const Tensor& values, const Tensor& lengths, int64_t k) {
  return mining::TrajectoryTopK<std::remove_cvref_t<decltype(measure)>>{.measure = measure, .values = values, .lengths = lengths, .k = k};
}

mining::Listed found(const auto& miner, const Tensor& x) { return miner.pair(Scene{.anchors = x, .references = x}); }

/// Positives by a mask of all pairs, from a list.
struct Masked {
  Tensor list;
  mining::Marked pair(const Scene& scene) const {
    const auto n = scene.anchors.size(0);
    return {at::zeros({n, n}, at::kBool).scatter_(1, list, true), scene.self};
  }
};

}  // namespace

TEST_CASE("the nearest trajectories are brute force's, ties included") {
  const Tied set;
  const auto check = [&](const std::string& what, const auto& measure, const Tensor& values, bool bounded) {
    for (const int64_t k : {1, 7, 39, 100}) {
      INFO(what << ", k = " << k);
      const auto pairs = found(miner_of(measure, values, set.lengths, k), set.x);
      CHECK(pairs.list.equal(brute_force(measure, values, set.lengths, k)));
      CHECK(pairs.pruned < 1);
      if (!bounded || k >= 39) CHECK(pairs.pruned == 0);
    }
  };
  check("SegmentHistogram", trajectory::SegmentHistogram{}, set.labels, false);
  check("Bigram", trajectory::Bigram{}, set.labels, false);
  check("EditDistance", trajectory::EditDistance{}, set.labels, true);
  check("PerLength of Dtw, labels", trajectory::PerLength{.measure = trajectory::Dtw{}}, set.labels, true);
  check("PerLength of Dtw in a band, labels", trajectory::PerLength{.measure = trajectory::Dtw{.radius = 2}}, set.labels, true);
  check("PerLength of SoftDtw, labels", trajectory::PerLength{.measure = trajectory::SoftDtw{.gamma = 0.1}}, set.labels, false);
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto rows = set.rows.to(type) / 7;
    check("PerLength of Dtw", trajectory::PerLength{.measure = trajectory::Dtw{}}, rows, true);
    check("PerLength of Dtw in a band", trajectory::PerLength{.measure = trajectory::Dtw{.radius = 1}}, rows, true);
    check("PerLength of Dtw, Euclidean", trajectory::PerLength{.measure = trajectory::Dtw{.cost = trajectory::cost::Euclidean{}}}, rows,
          true);
    check("PerLength of Dtw, absolute",
          trajectory::PerLength{.measure = trajectory::Dtw{.radius = 2, .cost = trajectory::cost::Absolute{}}}, rows, true);
    check("SoftDtwDivergence", trajectory::SoftDtwDivergence{.gamma = 0.1}, rows, false);
    check("Signature", trajectory::Signature{}, rows, false);
    check("MeanPool", trajectory::MeanPool{}, rows + 1, false);
  }
}

TEST_CASE("a bound over the longer length is none above the distance") {
  Random random(6);
  const trajectory::PerLength measure{.measure = trajectory::Dtw{.radius = 2}};
  using Rows = trajectory::RowMajor<float>;
  std::vector<trajectory::detail::WithLength<Rows>> prepared;
  for (int64_t i = 0; i < 60; ++i) {
    const Rows rows = Rows::Random(1 + (7 * i) % 23, 3) * 1e3F;
    prepared.push_back(measure.prepare(trajectory::Frames<float>(rows.data(), rows.rows(), rows.cols())));
  }
  std::vector<const trajectory::detail::WithLength<Rows>*> others;
  for (const auto& one : prepared) others.push_back(&one);
  int64_t positive = 0;
  for (const auto& one : prepared) {
    std::vector<double> bounds(others.size()), distances(others.size());
    measure.bounds(one, std::span<const trajectory::detail::WithLength<Rows>* const>(others), bounds.data());
    measure.distances(one, std::span<const trajectory::detail::WithLength<Rows>* const>(others), distances.data());
    for (std::size_t j = 0; j < others.size(); ++j) {
      CHECK(bounds[j] <= distances[j]);
      CHECK(distances[j] == measure.distance(one, *others[j]));
      positive += bounds[j] > 0;
    }
  }
  CHECK(positive > 1000);
}

TEST_CASE("of random walks at least half of the pairs are never measured, and the miner says how many") {
  Random random(0);
  const int64_t n = 512;
  const auto walks = standardised_walks(random, n, 64), series = walks.unsqueeze(2);
  const auto check = [&](const std::string& what, const auto& measure, const Tensor& lengths) {
    std::atomic<int64_t> measured = 0;
    const auto counting = Counting<std::remove_cvref_t<decltype(measure)>>{measure, &measured};
    const auto pairs = found(miner_of(counting, series, lengths, 15), walks);
    INFO(what << ": " << measured << " of " << n * (n - 1));
    CHECK(measured <= n * (n - 1) / 2);
    CHECK(pairs.pruned == 1 - static_cast<double>(measured) / static_cast<double>(n * (n - 1)));
    CHECK(pairs.list.equal(trajectory::nearest(measure, series, lengths, 15).indices));
  };
  check("of one length", trajectory::PerLength{.measure = trajectory::Dtw{.radius = 8}}, at::full({n}, 64, at::kLong));
  check("ragged", trajectory::PerLength{.measure = trajectory::Dtw{.radius = 8}}, random.integers(16, {n}) + 49);
}

TEST_CASE("without bounds each pair is measured once") {
  Random random(1);
  std::atomic<int64_t> measured = 0;
  const auto labels = random.integers(4, {30, 6}), lengths = at::full({30}, 6, at::kLong);
  found(miner_of(Counting<trajectory::SegmentHistogram>{{}, &measured}, labels, lengths, 3), labels);
  CHECK(measured == 30 * 31 / 2);  // and each sequence with itself
}

TEST_CASE("the loss of the nearest trajectories is that of their table, by every evaluator") {
  const Tied set;
  const auto table = trajectory::pairwise(trajectory::EditDistance{}, set.labels, set.lengths);
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto x = set.x.to(type);
    const auto rows = [&](const auto& miner, const Setting& setting) {
      return ContrastiveLoss{similarity::Cosine{}, miner, objective::InfoNCE{}, reduction::None{}, setting.evaluation(type)}(x);
    };
    const auto expected = rows(Masked{brute_force(trajectory::EditDistance{}, set.labels, set.lengths, 6)}, dense());
    for (const auto& setting : {dense(), streaming(3), streaming(), Setting{Evaluator::Auto}}) {
      check_close("by trajectory", rows(miner_of(trajectory::EditDistance{}, set.labels, set.lengths, 6), setting), expected,
                  tolerances(type).loss);
      check_close("by table", rows(mining::DistanceTopK{.distances = table, .k = 6}, setting), expected, tolerances(type).loss);
    }
  }
}

TEST_CASE("a trajectory at no finite distance is nobody's neighbour, by every evaluator") {
  const auto labels = at::tensor({0, 1, 2, 3, 4, 5, 6, 9, 2}, at::kLong), lengths = at::ones({9}, at::kLong);
  const auto miner = miner_of(Patchy{}, labels, lengths, 4);
  const auto x = Random(3).normal({9, 4});
  const auto list = found(miner, x).list;
  CHECK(list[0].equal(at::tensor({2, 8, 4, 6}, at::kLong)));
  CHECK(list[1].equal(at::tensor({3, 7, -1, -1}, at::kLong)));
  CHECK(list[5].eq(-1).all().item<bool>());
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto rows = [&](const Setting& setting) {
      return ContrastiveLoss{similarity::Cosine{}, miner, objective::InfoNCE{}, reduction::None{}, setting.evaluation(type)}(x.to(type));
    };
    const auto expected = rows(dense());
    CHECK(expected[5].item<double>() == 0);  // no term
    CHECK(expected.gt(0).sum().item<int64_t>() == 8);
    for (const auto& setting : {streaming(2), streaming(), Setting{Evaluator::Auto}})
      check_close("rows", rows(setting), expected, tolerances(type).loss);
  }
}
