// Mining by trajectories, and positives that weigh by how near they are.

#include "idcl/mining/trajectory.hpp"
#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/distances.hpp"
#include "idcl/mining/rerank.hpp"
#include "idcl/mining/soft_weights.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/trajectory/torch.hpp"
#include "support/catch.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <limits>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using oracle::Real;

const std::vector<Setting> settings{dense(), streaming(1), streaming(3), streaming(64), streaming()};

/// Dialogs of 3 to 9 labels, one after the other.
struct Dialogs {
  Random random{21};
  Tensor x = random.normal({12, 5});
  Tensor lengths = random.integers(7, {12}) + 3;
  Tensor values = random.integers(4, {lengths.sum().item<int64_t>()});

  Tensor distances(const auto& measure) const {
    std::vector<std::vector<int64_t>> sequences;
    int64_t at = 0;
    for (int64_t i = 0; i < 12; ++i) {
      auto& sequence = sequences.emplace_back();
      for (int64_t t = 0; t < lengths[i].item<int64_t>(); ++t) sequence.push_back(values[at++].item<int64_t>());
    }
    auto table = at::zeros({12, 12}, at::kDouble);
    for (int64_t i = 0; i < 12; ++i)
      for (int64_t j = 0; j < 12; ++j) table[i][j] = measure(sequences[i], sequences[j]);
    return table;
  }
};

template <class M>
Tensor rows_of(const M& miner, const auto& objective, const Setting& setting, const Tensor& x) {
  return ContrastiveLoss{similarity::Cosine{}, miner, objective, reduction::None{}, setting.evaluation(x.scalar_type())}(x);
}

/// -sum_P w / W log softmax, as it reads.
Tensor soft_oracle(const oracle::Matrix& s, const Tensor& distances, const Tensor& positive, double sigma, double temperature) {
  auto losses = at::zeros({static_cast<int64_t>(s.size())}, at::kDouble);
  for (std::size_t i = 0; i < s.size(); ++i) {
    Real all = 0, sum = 0, whole = 0;
    for (std::size_t j = 0; j < s.size(); ++j) {
      if (i == j) continue;
      all += std::exp(s[i][j] / temperature);
      if (!positive[i][j].item<bool>()) continue;
      const auto w = std::exp(-Real(distances[i][j].item<double>()) / sigma);
      whole += w;
      sum += w * s[i][j] / temperature;
    }
    if (whole > 0) losses[static_cast<int64_t>(i)] = static_cast<double>(std::log(all) - sum / whole);
  }
  return losses;
}

Tensor positives_of(const auto& miner, const Tensor& x) {
  Tile all{.similarity = at::zeros({x.size(0), x.size(0)}, x.options())};
  miner.pair(Scene{.anchors = x, .references = x}).mark(all);
  return all.positive.as_mask(x.size(0), x.size(0), x.device());
}

}  // namespace

TEST_CASE("dialogs of similar trajectory are positives, by any measure") {
  const Dialogs dialogs;
  const auto check = [&](const auto& measure) {
    const auto d = dialogs.distances(measure);
    const mining::TrajectoryTopK mined{.measure = measure, .values = dialogs.values, .lengths = dialogs.lengths, .k = 4};
    CHECK(positives_of(mined, dialogs.x).equal(positives_of(mining::DistanceTopK{.distances = d, .k = 4}, dialogs.x)));
    const mining::TrajectoryThreshold near{.measure = measure, .values = dialogs.values, .lengths = dialogs.lengths, .within = 0.45};
    CHECK(positives_of(near, dialogs.x).equal(positives_of(mining::DistanceThreshold{.distances = d, .within = 0.45}, dialogs.x)));
    for (const auto& setting : settings)
      check_close("loss", rows_of(mined, objective::InfoNCE{}, setting, dialogs.x),
                  rows_of(mining::DistanceTopK{.distances = d, .k = 4}, objective::InfoNCE{}, setting, dialogs.x),
                  tolerances(at::kDouble).loss);
  };
  check(trajectory::SegmentHistogram{});
  check(trajectory::EditDistance{});
  check(trajectory::PerLength{.measure = trajectory::Dtw{}});
  static_assert(mining::grows_with_length<trajectory::Dtw<>> && !mining::grows_with_length<trajectory::PerLength<trajectory::Dtw<>>>);
}

TEST_CASE("a measure over the longer length") {
  const std::vector<int64_t> a{0, 0, 1, 2}, b{0, 2};
  CHECK(trajectory::PerLength{.measure = trajectory::Dtw{}}(a, b) == trajectory::Dtw{}(a, b) / 4);
  CHECK(trajectory::PerLength{.measure = trajectory::Dtw{}}(b, a) == trajectory::Dtw{}(a, b) / 4);
  CHECK(trajectory::Dtw{}(a, b) == 1);
}

TEST_CASE("positives weigh by how near they are") {
  const Dialogs dialogs;
  const auto d = dialogs.distances(trajectory::SegmentHistogram{});
  const auto s = oracle::similarities(dialogs.x, dialogs.x);
  const mining::DistanceTopK nearest{.distances = d, .k = 4};
  const mining::DistanceThreshold near{.distances = d, .within = 0.5};
  for (const double sigma : {0.02, 0.1, 5.}) {
    for (const auto& setting : settings) {
      INFO("sigma " << sigma << ", " << setting);
      const objective::SupCon objective{.temperature = 0.3};
      const mining::SoftWeights soft{.miner = nearest, .distances = d, .sigma = sigma};
      check_close("top k", rows_of(soft, objective, setting, dialogs.x), soft_oracle(s, d, positives_of(nearest, dialogs.x), sigma, 0.3),
                  tolerances(at::kDouble).loss);
      check_close("threshold", rows_of(mining::SoftWeights{.miner = near, .distances = d, .sigma = sigma}, objective, setting, dialogs.x),
                  soft_oracle(s, d, positives_of(near, dialogs.x), sigma, 0.3), tolerances(at::kDouble).loss);
    }
  }
  // Feature neighbours, weighed by trajectory: a miner that has to see the similarities.
  const auto proposed = mining::Rerank{.k = 5, .among = {.k = 5}, .distances = at::zeros_like(d)};
  auto by_feature = at::zeros({12, 12}, at::kBool);
  const auto lists = oracle::nearest(s, 5);
  for (int64_t i = 0; i < 12; ++i)
    for (const auto j : lists[i]) by_feature[i][j] = true;
  for (const auto& setting : settings) {
    const auto expected = soft_oracle(s, d, by_feature, 0.1, 0.3);
    for (const auto& rows :
         {rows_of(mining::SoftWeights{.miner = mining::TopK{.k = 5}, .distances = d}, objective::SupCon{.temperature = 0.3}, setting,
                  dialogs.x),
          rows_of(mining::SoftWeights{.miner = proposed, .distances = d}, objective::SupCon{.temperature = 0.3}, setting, dialogs.x)})
      check_close("by feature", rows, expected, tolerances(at::kDouble).loss);
  }
}

TEST_CASE("a weight too small for a number is still a positive's, an unknown distance weighs next to nothing") {
  const auto x = Random(2).normal({4, 3});
  auto d = at::full({4, 4}, 1e6, at::kDouble);
  d[0][1] = 0;
  d[0][2] = std::numeric_limits<double>::quiet_NaN();
  const mining::TopK all_but_one{.k = 2};
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto rows =
        rows_of(mining::SoftWeights{.miner = all_but_one, .distances = d, .sigma = 1e-3}, objective::SupCon{}, dense(), x.to(type));
    CHECK(rows.isfinite().all().item<bool>());
    const auto even = rows_of(all_but_one, objective::SupCon{}, dense(), x.to(type));
    for (const int64_t row : {1, 2, 3})
      CHECK(rows[row].item<double>() == Approx(even[row].item<double>()).epsilon(1e-5));  // all equally far
  }
}

TEST_CASE("weighted positives have first and second derivatives") {
  const Dialogs dialogs;
  const auto d = dialogs.distances(trajectory::SegmentHistogram{});
  for (const auto& setting : {dense(), streaming(5), streaming()}) {
    const ContrastiveLoss loss{similarity::Cosine{},
                               mining::SoftWeights{.miner = mining::DistanceTopK{.distances = d, .k = 4}, .distances = d},
                               objective::SupCon{.temperature = 0.4}, reduction::Mean{}, setting.evaluation(at::kDouble)};
    const Function f = [&](const Inputs& inputs) { return loss(inputs[0]); };
    gradcheck("first", f, {dialogs.x});
    gradcheck("second", slope_of(f, {Random(9).normal({12, 5})}), {dialogs.x});
  }
}

TEST_CASE("arguments of trajectory miners that make no sense") {
  const Dialogs dialogs;
  const Scene scene{.anchors = dialogs.x, .references = dialogs.x}, two{.anchors = dialogs.x, .references = dialogs.x, .self = false};
  const auto miner = [&](const Tensor& values, const Tensor& lengths, int64_t k = 15) {
    return mining::TrajectoryTopK<>{.values = values, .lengths = lengths, .k = k};
  };
  CHECK_THROWS_WITH(miner(dialogs.values, dialogs.lengths).pair(two),
                    Contains("idcl::mining::TrajectoryTopK: expected one set, as in loss(x), but got two"));
  CHECK_THROWS_WITH(miner(dialogs.values, dialogs.lengths.narrow(0, 0, 5)).pair(scene),
                    Contains("expected `lengths` [12], one an anchor, or a mask [12, L], but got Long [5]"));
  CHECK_THROWS_WITH(miner(dialogs.values, {}).pair(scene), Contains("but got an undefined tensor"));
  CHECK_THROWS_WITH(miner(dialogs.values, dialogs.lengths, 0).pair(scene), Contains("expected `k` >= 1, but got 0"));
  const mining::SoftWeights soft{
      .miner = mining::DistanceTopK{.distances = at::zeros({12, 12})}, .distances = at::zeros({12, 12}), .sigma = 0};
  CHECK_THROWS_WITH(soft.pair(scene), Contains("idcl::mining::SoftWeights: expected `sigma` to be finite and > 0, but got 0"));
}
