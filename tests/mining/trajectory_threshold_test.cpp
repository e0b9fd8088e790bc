// Dialogs within a distance by trajectory, found without the table of all pairs: the positives are brute force's, each pair is measured
// once at most, and memory is linear.

#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/distances.hpp"
#include "idcl/mining/trajectory.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/trajectory/torch.hpp"
#include "mining/trajectories.hpp"
#include "support/compare.hpp"
#include "support/memory.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <atomic>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;

auto miner_of(const auto& measure, const Tensor& values, const Tensor& lengths, double within) {
  return mining::TrajectoryThreshold<std::remove_cvref_t<decltype(measure)>>{
      .measure = measure, .values = values, .lengths = lengths, .within = within};
}

mining::Placed found(const auto& miner, const Tensor& x) { return miner.pair(Scene{.anchors = x, .references = x}); }

Tensor positives_of(const mining::Placed& pairs, int64_t n) {
  Tile all{.similarity = at::zeros({n, n})};
  pairs.mark(all);
  return all.positive.as_mask(n, n, at::kCPU);
}

}  // namespace

TEST_CASE("those within a distance are brute force's, ties included") {
  const Tied set;
  const auto check = [&](const std::string& what, const auto& measure, const Tensor& values) {
    const Tensor table = distances_of_all(measure, values, set.lengths);
    const Tensor sorted = std::get<0>(table.flatten().sort());
    for (const double within : {0.0, 0.3, sorted[100].item<double>(), sorted[800].item<double>(), 1e6}) {
      INFO(what << ", within " << within);
      const auto pairs = found(miner_of(measure, values, set.lengths, std::max(within, 0.0)), set.x);
      CHECK(positives_of(pairs, 40).equal(table.le(std::max(within, 0.0))));
      CHECK(pairs.pruned >= 0);
      CHECK(pairs.pruned < 1);
    }
  };
  check("SegmentHistogram", trajectory::SegmentHistogram{}, set.labels);
  check("EditDistance", trajectory::EditDistance{}, set.labels);
  check("PerLength of Dtw, labels", trajectory::PerLength{.measure = trajectory::Dtw{}}, set.labels);
  check("PerLength of Dtw in a band, labels", trajectory::PerLength{.measure = trajectory::Dtw{.radius = 2}}, set.labels);
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto rows = set.rows.to(type) / 7;
    check("PerLength of Dtw", trajectory::PerLength{.measure = trajectory::Dtw{}}, rows);
    check("PerLength of Dtw in a band", trajectory::PerLength{.measure = trajectory::Dtw{.radius = 1}}, rows);
    check("SoftDtwDivergence", trajectory::SoftDtwDivergence{.gamma = 0.1}, rows);
    check("Signature", trajectory::Signature{}, rows);
  }
}

TEST_CASE("a pair is measured once at most, and not where a bound is beyond the distance") {
  Random random(2);
  const int64_t n = 200, pairs = n * (n - 1) / 2;
  const auto walks = standardised_walks(random, n, 64);
  const auto check = [&](const auto& measure, const Tensor& values, const Tensor& lengths, double within) {
    std::atomic<int64_t> measured = 0;
    const auto mined =
        found(miner_of(Counting<std::remove_cvref_t<decltype(measure)>>{measure, &measured}, values, lengths, within), walks);
    INFO(measured << " of " << pairs << ", positives " << mined.positives->members.size());
    CHECK(mined.positives->members.size() > 0);
    CHECK(mined.pruned == Approx(1 - static_cast<double>(measured) / static_cast<double>(pairs)).margin(1e-12));
    return mined.pruned;
  };
  const auto lengths = at::full({n}, 64, at::kLong);
  CHECK(check(trajectory::PerLength{.measure = trajectory::Dtw{.radius = 8}}, walks.unsqueeze(2), lengths, 0.1) > 0.5);
  CHECK(check(trajectory::PerLength{.measure = trajectory::Dtw{.radius = 8}}, walks.unsqueeze(2), random.integers(16, {n}) + 49, 0.1) >
        0.5);
  CHECK(check(trajectory::SegmentHistogram{}, random.integers(4, {n, 8}), at::full({n}, 8, at::kLong), 0.5) == 0);
}

TEST_CASE("the loss of those within a distance is that of their table, by every evaluator") {
  const Tied set;
  const auto half = [](const Tensor& values) { return values.narrow(0, 0, 20); };  // in which nobody has a twin
  const auto labels = half(set.labels), lengths = half(set.lengths), x = half(set.x);
  const auto table = trajectory::pairwise(trajectory::EditDistance{}, labels, lengths);
  const double within = 0.4;
  const auto alone = (table.le(within).sum(1) - 1).eq(0);  // themselves apart
  REQUIRE(alone.any().item<bool>());
  REQUIRE(!alone.all().item<bool>());
  const auto check = [&](const auto& objective, at::ScalarType type) {
    const auto rows = [&](const auto& miner, const Setting& setting) {
      return ContrastiveLoss{similarity::Cosine{}, miner, objective, reduction::None{}, setting.evaluation(type)}(x.to(type));
    };
    const Tensor expected = rows(mining::DistanceThreshold{.distances = table.to(type), .within = within}, dense());
    CHECK(expected.masked_select(alone).eq(0).all().item<bool>());  // no term
    for (const auto& setting : {dense(), streaming(3), streaming(), Setting{Evaluator::Auto}})
      check_close("rows", rows(miner_of(trajectory::EditDistance{}, labels, lengths, within), setting), expected,
                  tolerances(type).loss);
  };
  for (const auto type : {at::kDouble, at::kFloat}) {
    check(objective::InfoNCE{}, type);
    check(objective::SupCon{}, type);
  }
}

TEST_CASE("a trajectory at no finite distance is within none") {
  const auto labels = at::tensor({0, 1, 2, 3, 4, 5, 6, 9, 2}, at::kLong), lengths = at::ones({9}, at::kLong);
  const auto mask = positives_of(found(miner_of(Patchy{}, labels, lengths, 4), Random(3).normal({9, 4})), 9);
  CHECK(mask[0].nonzero().flatten().equal(at::tensor({2, 4, 8}, at::kLong)));
  CHECK(mask[1].nonzero().flatten().equal(at::tensor({3}, at::kLong)));
  CHECK(!mask[5].any().item<bool>());
}

TEST_CASE("memory grows with the dialogs and the positives, not with all pairs") {
  Random random(4);
  const int64_t n = 2000;
  const auto labels = random.integers(3, {n, 12}), lengths = at::full({n}, 12, at::kLong), x = random.normal({n, 2}, at::kFloat);
  const Memory memory;
  const auto pairs = found(miner_of(trajectory::SegmentHistogram{}, labels, lengths, 0.15), x);
  const auto positives = static_cast<int64_t>(pairs.positives->members.size());
  CHECK(positives > 0);
  CHECK(positives < n * 50);
  CHECK(memory.peak() < n * n / 8);  // a table of bools alone would be n * n
}

TEST_CASE("a mask says of trajectories what lengths say") {
  const Tied set;
  const auto mask = at::arange(9) < set.lengths.unsqueeze(1);
  const auto measure = trajectory::PerLength{.measure = trajectory::Dtw{}};
  CHECK(positives_of(found(miner_of(measure, set.labels.masked_fill(mask.logical_not(), -1), mask, 0.3), set.x), 40)
            .equal(positives_of(found(miner_of(measure, set.labels, set.lengths, 0.3), set.x), 40)));
  const auto nearest = [&](const Tensor& values, const Tensor& lengths) {
    return mining::TrajectoryTopK<trajectory::EditDistance<>>{.values = values, .lengths = lengths, .k = 4}
        .pair(Scene{.anchors = set.x, .references = set.x})
        .list;
  };
  CHECK(nearest(set.labels, mask).equal(nearest(set.labels, set.lengths)));
}

TEST_CASE("thresholds by trajectory that make no sense") {
  const Tied set;
  const auto miner = miner_of(trajectory::EditDistance{}, set.labels, set.lengths, 0.3);
  CHECK_THROWS_WITH(miner.pair(Scene{.anchors = set.x, .references = set.x, .self = false}),
                    Contains("idcl::mining::TrajectoryThreshold: expected one set, as in loss(x), but got two"));
  CHECK_THROWS_WITH(found(miner_of(trajectory::EditDistance{}, set.labels, set.lengths, -1), set.x),
                    Contains("idcl::mining::TrajectoryThreshold: expected `within` to be finite and >= 0, but got -1"));
  CHECK_THROWS_WITH(found(miner_of(trajectory::EditDistance{}, set.labels, set.labels.to(at::kBool).narrow(0, 0, 7), 0.3), set.x),
                    Contains("expected `lengths` [40], one an anchor, or a mask [40, L], but got Bool [7, 9]"));
  CHECK_THROWS_WITH(trajectory::within(trajectory::EditDistance{}, set.labels, set.lengths, NAN),
                    Contains("idcl::trajectory::within: expected `distance` to be finite and >= 0, but got nan"));
}
