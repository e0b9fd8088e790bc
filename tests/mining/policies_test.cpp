// Miners inside a loss: by threshold, hard and semi-hard pairs; and the nearest as lists.

#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/batch_easy_hard.hpp"
#include "idcl/mining/hard.hpp"
#include "idcl/mining/neighbors.hpp"
#include "idcl/mining/places.hpp"
#include "idcl/mining/threshold.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "mining/miners.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <limits>
#include <vector>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using mining::Strategy;
using oracle::Role;
using similarity::Cosine;

const Tolerance kExact{1e-12, 1e-14};

template <Miner M>
Tensor loss(const M& miner, const Tensor& x, const Tensor& labels, const Setting& setting) {
  return ContrastiveLoss{Cosine{}, miner, objective::InfoNCE{.temperature = 0.2}, reduction::Mean{}, setting.evaluation(at::kDouble)}(
      x, labels);
}

/// The pairs' parts, as the loops of the oracle want them.
oracle::Roles roles(const mining::Pairs& pairs, int64_t n, int64_t m) {
  oracle::Roles result(n, std::vector<Role>(m, Role::Ignored));
  for (const auto& [i, j] : found(pairs).positives) result[i][j] = Role::Positive;
  for (const auto& [i, j] : found(pairs).negatives) result[i][j] = Role::Negative;
  return result;
}

}  // namespace

TEST_CASE("a threshold parts positives, negatives and what is ignored") {
  const auto x = Random(1).normal({17, 3}), y = Random(2).normal({9, 3});
  for (const auto& [positive, negative] : {std::pair{0.6, 0.1}, {0.3, 0.3}}) {
    const mining::Threshold miner{.positive = positive, .negative = negative};
    const auto role = [&, positive = positive, negative = negative](const oracle::Matrix& s, bool self) {
      return oracle::roles(s, [&](int64_t i, int64_t j) {
        if (self && i == j) return Role::Ignored;
        return s[i][j] >= positive ? Role::Positive : s[i][j] < negative ? Role::Negative : Role::Ignored;
      });
    };
    const auto alone = oracle::similarities(x, x), crossed = oracle::similarities(x, y);
    CHECK(roles(mining::threshold(x, {.positive = positive, .negative = negative, .workspace_bytes = workspace_for(4, 8)}), 17, 17) ==
          role(alone, true));
    CHECK(roles(mining::threshold(x, y, {.positive = positive, .negative = negative}), 17, 9) == role(crossed, false));
    for (const auto& setting : all_settings()) {
      const ContrastiveLoss with{Cosine{}, miner, objective::InfoNCE{.temperature = 0.2}, reduction::Mean{},
                                 setting.evaluation(at::kDouble)};
      INFO(setting << ", " << positive << " and " << negative);
      check_close("alone", with(x).item<double>(), oracle::mean(oracle::inside(alone, role(alone, true), 0.2)), kExact);
      check_close("crossed", with(x, y).item<double>(), oracle::mean(oracle::inside(crossed, role(crossed, false), 0.2)), kExact);
      const auto place = Random(3).normal({17, 5});
      check_close("mined elsewhere", with(x, mining::in(place)).item<double>(),
                  oracle::mean(oracle::inside(alone, role(oracle::similarities(place, place), true), 0.2)), kExact);
    }
  }
  // distances: the other way round
  const auto near = mining::threshold(x, {.positive = 0.5, .negative = 1.2, .similarity = similarity::Euclidean{}});
  for (const auto& [i, j] : found(near).positives) CHECK(2 - 2 * oracle::similarities(x, x)[i][j] <= 0.25L + 1e-12L);
  for (const auto& [i, j] : found(near).negatives) CHECK(2 - 2 * oracle::similarities(x, x)[i][j] > 1.44L - 1e-12L);
  CHECK_FALSE(found(near).positives.empty());
  CHECK_FALSE(found(near).negatives.empty());
}

TEST_CASE("hard and semi-hard pairs inside a loss are those of batch_easy_hard") {
  Random random(4);
  const auto x = random.normal({19, 4}), labels = random.integers(4, {19});
  const auto listed = [&](Strategy positive, Strategy negative) {
    const auto pairs = mining::batch_easy_hard(x, labels, {.pos_strategy = positive, .neg_strategy = negative, .similarity = Cosine{}});
    return oracle::mean(oracle::inside(oracle::similarities(x, x), roles(pairs, 19, 19), 0.2));
  };
  for (const auto& setting : all_settings()) {
    INFO(setting);
    for (const auto positive : {Strategy::Easy, Strategy::Hard, Strategy::All})
      for (const auto negative : {Strategy::Easy, Strategy::Hard, Strategy::All})
        check_close("hard", loss(mining::Hard{.positive = positive, .negative = negative}, x, labels, setting).item<double>(),
                    listed(positive, negative), kExact);
    for (const auto positive : {Strategy::Easy, Strategy::Hard})
      check_close("semi-hard", loss(mining::SemiHard{.positive = positive}, x, labels, setting).item<double>(),
                  listed(positive, Strategy::SemiHard), kExact);
  }
}

TEST_CASE("gradients of a loss over mined pairs") {
  Random random(5);
  const auto x = random.normal({11, 3}), labels = random.integers(3, {11});
  for (const auto& setting : {dense(), streaming(4)}) {
    gradcheck("hard", [&](const Inputs& in) { return loss(mining::Hard{}, in[0], labels, setting); }, {x});
    gradcheck("semi-hard", [&](const Inputs& in) { return loss(mining::SemiHard{}, in[0], labels, setting); }, {x});
    gradcheck("threshold",
              [&](const Inputs& in) { return loss(mining::Threshold{.positive = 0.5, .negative = 0.2}, in[0], labels, setting); }, {x});
  }
}

TEST_CASE("NaN in gives NaN out, nothing to pair gives a zero in the graph") {
  Random random(6);
  const auto x = random.normal({9, 3}), labels = random.integers(2, {9});
  auto broken = x.clone();
  broken[4][1] = std::numeric_limits<double>::quiet_NaN();
  for (const auto& setting : {dense(), streaming(4)}) {
    CHECK(loss(mining::Hard{}, broken, labels, setting).isnan().item<bool>());
    CHECK(loss(mining::SemiHard{}, broken, labels, setting).isnan().item<bool>());
    CHECK(loss(mining::Threshold{.positive = 0.1, .negative = 0}, broken, labels, setting).isnan().item<bool>());
    for (const int64_t n : {0, 1, 5}) {
      const auto rows = x.narrow(0, 0, n).clone().requires_grad_();
      for (const auto& zero : {loss(mining::Hard{}, rows, at::arange(n), setting), loss(mining::SemiHard{}, rows, at::arange(n), setting),
                               loss(mining::Threshold{.positive = 1.5, .negative = 1.5}, rows, at::arange(n), setting)}) {
        CHECK(zero.item<double>() == 0);
        CHECK(zero.requires_grad());
        zero.backward();
      }
      CHECK(rows.grad().eq(0).all().item<bool>());
    }
  }
}

TEST_CASE("neighbours, nearest first, ties to the lowest index") {
  Random random(7);
  const auto whole = (random.integers(4, {21, 3}) - 1).to(at::kDouble), others = (random.integers(4, {13, 3}) - 1).to(at::kDouble);
  for (const int64_t side : {1, 4, 64}) {
    for (const int64_t k : {1, 5, 40}) {
      const mining::NeighborsOptions options{.k = k, .similarity = similarity::Dot{}, .workspace_bytes = workspace_for(side, 8)};
      const auto alone = oracle::nearest(oracle::similarities(whole, whole, false), k),
                 crossed = oracle::nearest(oracle::similarities(whole, others, false), k, false);
      const auto here = mining::neighbors(whole, options), there = mining::neighbors(whole, others, options);
      CHECK(here.indices.size(1) == std::min<int64_t>(k, 20));
      CHECK(there.indices.size(1) == std::min<int64_t>(k, 13));
      for (int64_t i = 0; i < 21; ++i) {
        CHECK(here.indices[i].equal(at::tensor(alone[i], at::kLong)));
        CHECK(there.indices[i].equal(at::tensor(crossed[i], at::kLong)));
        CHECK(here.values[i].equal(whole.index_select(0, here.indices[i]).mv(whole[i])));
      }
    }
  }
  const auto x = random.normal({12, 3});
  const auto by_distance = mining::neighbors(x, {.k = 3, .similarity = similarity::Euclidean{}}),
             by_cosine = mining::neighbors(x, {.k = 3});
  CHECK(by_distance.indices.equal(by_cosine.indices));
  check_close("distances", by_distance.values.square(), 2 - 2 * by_cosine.values, {1e-12, 1e-14});
  CHECK(mining::neighbors(x.narrow(0, 0, 0)).indices.size(0) == 0);
  CHECK(mining::neighbors(x.narrow(0, 0, 1)).indices.size(1) == 0);
}

TEST_CASE("policies that make no sense are refused by name") {
  const auto x = Random(8).normal({5, 3}), labels = at::zeros({5}, at::kLong);
  CHECK_THROWS_WITH(loss(mining::Hard{.negative = Strategy::SemiHard}, x, labels, dense()),
                    Contains("idcl::mining::Hard: expected Strategy::Hard, Easy or All, but got SemiHard"));
  CHECK_THROWS_WITH(loss(mining::SemiHard{.positive = Strategy::All}, x, labels, dense()),
                    Contains("idcl::mining::SemiHard: expected `positive` to be Strategy::Easy or Hard"));
  CHECK_THROWS_WITH(loss(mining::Threshold{.positive = 0.2, .negative = 0.5}, x, labels, dense()),
                    Contains("idcl::mining::Threshold: expected `negative` to be no more similar than `positive`, but got 0.5 and 0.2"));
  CHECK_THROWS_WITH(mining::threshold(x, {.positive = 0.5, .negative = 0.2, .similarity = similarity::Euclidean{}}),
                    Contains("idcl::mining::threshold: expected `negative` to be no more similar than `positive`"));
  CHECK_THROWS_WITH(mining::neighbors(x, {.k = 0}), Contains("idcl::mining::neighbors: expected `k` >= 1, but got 0"));
  CHECK_THROWS_WITH(mining::neighbors(x, at::zeros({3, 2}, at::kDouble)),
                    Contains("idcl::mining::neighbors: expected `ref_embeddings` to be [M, 3] as `embeddings` is"));
  const ContrastiveLoss hard{Cosine{}, mining::Hard{}, objective::InfoNCE{}};
  CHECK_THROWS_WITH(hard(x), Contains("idcl::mining::Labels: expected labels for anchors and references"));
}

TEST_CASE("labels have their places wherever they stand, of a set with itself and with another") {
  const auto check = [](const Tensor& labels, const Tensor& others) {
    const auto places = mining::Places::of_labels(labels, others, /*skips_self=*/false);
    for (int64_t i = 0; i < labels.numel(); ++i) {
      std::vector<int64_t> expected, found;
      for (int64_t j = 0; j < others.numel(); ++j)
        if (labels[i].item<int64_t>() == others[j].item<int64_t>()) expected.push_back(j);
      places.visit(i, 0, others.numel(), [&](int64_t j) { found.push_back(j); });
      CHECK(found == expected);
    }
  };
  for (const int64_t n : {0, 1, 40}) {
    const auto labels = Random(33).integers(7, {n}) - 3;
    check(labels, labels);
    check(labels, labels.clone());
    check(labels.to(at::kInt), labels.to(at::kInt));
    check(labels, Random(34).integers(9, {n + 5}) - 3);
  }
}
