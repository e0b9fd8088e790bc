// Miners that go by distances measured beforehand, alone and with others: the losses they give against loops over pairs.

#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/combine.hpp"
#include "idcl/mining/distances.hpp"
#include "idcl/mining/exclude_near.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/rerank.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <limits>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using oracle::Role;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Data {
  Random random{11};
  Tensor x = random.normal({13, 5}), y = random.normal({9, 5});
  Tensor self = symmetric(), cross = random.integers(6, {13, 9}).to(at::kDouble) / 6;  // few values: many ties
  Tensor labels = random.integers(3, {13});
  oracle::Matrix similar = oracle::similarities(x, x), d = oracle::matrix_of(self);

 private:
  Tensor symmetric() {
    const auto table = random.integers(8, {13, 13}).to(at::kDouble) / 8;
    return (table + table.t()) / 2;
  }
};

oracle::Matrix negative(oracle::Matrix distances) {
  for (auto& row : distances)
    for (auto& distance : row) distance = -distance;
  return distances;
}

/// Who is among the k nearest of whom.
std::vector<std::vector<bool>> among(const oracle::Matrix& similarities, int64_t k, bool self = true) {
  const auto lists = oracle::nearest(similarities, k, self);
  std::vector<std::vector<bool>> found;
  for (std::size_t i = 0; i < similarities.size(); ++i) {
    found.emplace_back(similarities[i].size());
    for (const auto j : lists[i]) found[i][j] = true;
  }
  return found;
}

oracle::Roles positive_where(const oracle::Matrix& s, bool self, const std::function<bool(int64_t, int64_t)>& is) {
  return oracle::roles(s, [&](int64_t i, int64_t j) {
    return self && i == j ? Role::Ignored : is(i, j) ? Role::Positive : Role::Negative;
  });
}

template <class M, class... More>
void check_miner(const std::string& what, const M& miner, const oracle::Matrix& s, const oracle::Roles& roles, const Tensor& x,
                 const More&... more) {
  for (const auto& setting : {dense(), streaming(1), streaming(3), streaming(64), streaming()}) {
    INFO(what << ", " << setting);
    const ContrastiveLoss loss{similarity::Cosine{}, miner, objective::InfoNCE{.temperature = 0.4}, reduction::None{},
                               setting.evaluation(at::kDouble)};
    check_close(what, loss(x, more...), oracle::losses(oracle::inside(s, roles, 0.4)), tolerances(at::kDouble).loss);
  }
}

}  // namespace

TEST_CASE("the k of least distance are positives, ties to the lower index") {
  const Data data;
  for (const int64_t k : {1, 4, 11}) {
    const auto near = among(negative(data.d), k),
               near_cross = among(negative(oracle::matrix_of(data.cross)), std::min<int64_t>(k, 8), false);
    check_miner("self", mining::DistanceTopK{.distances = data.self, .k = k}, data.similar,
                positive_where(data.similar, true, [&](auto i, auto j) { return near[i][j]; }), data.x);
    const auto s = oracle::similarities(data.x, data.y);
    check_miner("cross", mining::DistanceTopK{.distances = data.cross, .k = std::min<int64_t>(k, 8)}, s,
                positive_where(s, false, [&](auto i, auto j) { return near_cross[i][j]; }), data.x, data.y);
  }
}

TEST_CASE("everybody within a distance is a positive") {
  const Data data;
  for (const double within : {0., 0.25, 0.5, 2.})
    check_miner("threshold", mining::DistanceThreshold{.distances = data.self, .within = within}, data.similar,
                positive_where(data.similar, true, [&](auto i, auto j) { return data.d[i][j] <= within; }), data.x);
}

TEST_CASE("what is infinitely far or of unknown distance is nobody's positive") {
  Data data;
  data.self[2].fill_(kInfinity);  // no neighbour at all: no term
  data.self.select(1, 5).fill_(std::numeric_limits<double>::quiet_NaN());
  data.self[4].slice(0, 3, 13).fill_(kInfinity);  // three neighbours of the five asked for
  const auto roles = [&] {
    auto d = oracle::matrix_of(data.self);
    for (auto& row : d) row[5] = kInfinity;
    const auto near = among(negative(d), 5);
    return positive_where(data.similar, true, [&](auto i, auto j) { return near[i][j] && std::isfinite(static_cast<double>(d[i][j])); });
  }();
  CHECK(std::count(roles[2].begin(), roles[2].end(), Role::Positive) == 0);
  CHECK(std::count(roles[4].begin(), roles[4].end(), Role::Positive) == 3);
  check_miner("unknown", mining::DistanceTopK{.distances = data.self, .k = 5}, data.similar, roles, data.x);
  const auto within = positive_where(data.similar, true, [&](auto i, auto j) { return data.self[i][j].template item<double>() <= 0.4; });
  check_miner("unknown", mining::DistanceThreshold{.distances = data.self, .within = 0.4}, data.similar, within, data.x);
  // The mean divides by the anchors that have a term.
  const ContrastiveLoss mean{similarity::Cosine{}, mining::DistanceTopK{.distances = data.self, .k = 5},
                             objective::InfoNCE{.temperature = 0.4}};
  CHECK(mean(data.x).item<double>() == Approx(oracle::mean(oracle::inside(data.similar, roles, 0.4))).epsilon(1e-12));
}

TEST_CASE("a near negative is ignored, a near positive stays one") {
  Data data;
  for (const double nearer_than : {0.1, 0.4, 2.}) {
    const auto spare = [&](oracle::Roles roles) {
      for (std::size_t i = 0; i < roles.size(); ++i)
        for (std::size_t j = 0; j < roles.size(); ++j)
          if (roles[i][j] == Role::Negative && data.d[i][j] < nearer_than) roles[i][j] = Role::Ignored;
      return roles;
    };
    check_miner("of features", mining::ExcludeNear{.miner = mining::TopK{.k = 3}, .distances = data.self, .nearer_than = nearer_than},
                data.similar, spare(oracle::nearest_positive(data.similar, 3, false)), data.x);
    check_miner("of labels", mining::ExcludeNear{.miner = mining::Labels{}, .distances = data.self, .nearer_than = nearer_than},
                data.similar, spare(oracle::same_label_positive(data.similar, data.labels, data.labels, true)), data.x, data.labels);
    check_miner("of distances",
                mining::ExcludeNear{
                    .miner = mining::DistanceTopK{.distances = data.self, .k = 2}, .distances = data.self, .nearer_than = nearer_than},
                data.similar, spare(oracle::nearest_positive(negative(data.d), 2, false)), data.x);
  }
}

TEST_CASE("two miners make one: what either finds, what both find") {
  const Data data;
  const auto place = Random(4).normal({13, 3});
  const auto mined = oracle::similarities(place, place);
  const auto alike = among(mined, 5), more = among(mined, 7), near = among(negative(data.d), 4);
  const mining::TopK five{.k = 5}, seven{.k = 7};
  const mining::DistanceTopK four{.distances = data.self, .k = 4};
  const auto roles = [&](const std::function<bool(int64_t, int64_t)>& is) { return positive_where(data.similar, true, is); };
  check_miner("either", mining::either(five, four), data.similar, roles([&](auto i, auto j) { return alike[i][j] || near[i][j]; }), data.x,
              mining::in(place));
  check_miner("both", mining::both(four, five), data.similar, roles([&](auto i, auto j) { return alike[i][j] && near[i][j]; }), data.x,
              mining::in(place));
  check_miner("both look", mining::both(seven, five), data.similar, roles([&](auto i, auto j) { return alike[i][j] && more[i][j]; }),
              data.x, mining::in(place));
  const auto l = data.labels;
  check_miner("neither looks", mining::both(mining::Labels{}, four), data.similar,
              roles([&](auto i, auto j) { return near[i][j] && l[i].template item<int64_t>() == l[j].template item<int64_t>(); }), data.x,
              l);
  // What one of them ignores is ignored, unless the other calls it a positive.
  const auto without = mining::either(mining::ExcludeNear{.miner = five, .distances = data.self, .nearer_than = 0.5}, four);
  auto expected = roles([&](auto i, auto j) { return alike[i][j] || near[i][j]; });
  for (std::size_t i = 0; i < expected.size(); ++i)
    for (std::size_t j = 0; j < expected.size(); ++j)
      if (data.d[i][j] < 0.5 && !alike[i][j] && !near[i][j]) expected[i][j] = Role::Ignored;
  check_miner("a candidate of both", without, data.similar, expected, data.x, mining::in(place));
}

TEST_CASE("similarity proposes, distance chooses") {
  Data data;
  data.self.select(1, 7).fill_(kInfinity);
  const auto d = oracle::matrix_of(data.self);
  for (const auto& [k, proposals] : {std::pair<int64_t, int64_t>{2, 6}, {6, 6}, {9, 4}, {1, 12}}) {
    const auto proposed = oracle::nearest(data.similar, proposals);
    std::vector<std::vector<bool>> chosen;
    for (std::size_t i = 0; i < d.size(); ++i) {
      auto order = proposed[i];
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return d[i][a] < d[i][b]; });
      order.resize(std::min<std::size_t>(k, order.size()));
      chosen.emplace_back(d.size());
      for (const auto j : order) chosen[i][j] = std::isfinite(static_cast<double>(d[i][j]));
    }
    check_miner("rerank", mining::Rerank{.k = k, .among = {.k = proposals}, .distances = data.self}, data.similar,
                positive_where(data.similar, true, [&](auto i, auto j) { return chosen[i][j]; }), data.x);
  }
}

TEST_CASE("sets of none, one and two") {
  for (const int64_t n : {0, 1, 2}) {
    const auto x = Random(3).normal({n, 4}).requires_grad_();
    const auto d = at::zeros({n, n}, at::kDouble);
    const auto check = [&](const auto& miner) {
      const auto value = ContrastiveLoss{similarity::Cosine{}, miner, objective::InfoNCE{}}(x);
      CHECK(value.template item<double>() == 0);
      value.backward();
      CHECK(x.grad().eq(0).all().template item<bool>());
    };
    check(mining::DistanceTopK{.distances = d, .k = 3});
    check(mining::DistanceThreshold{.distances = d});
    check(mining::Rerank{.distances = d});
    check(mining::either(mining::TopK{.k = 1, .self = mining::SelfPair::Ignored}, mining::DistanceTopK{.distances = d, .k = 1}));
    check(mining::ExcludeNear{.miner = mining::DistanceTopK{.distances = d, .k = 1}, .distances = d});
  }
}

TEST_CASE("arguments of distance miners that make no sense") {
  const Data data;
  const Scene scene{.anchors = data.x, .references = data.x};
  const auto& d = data.self;
  CHECK_THROWS_WITH((mining::DistanceTopK{.distances = d, .k = 0}.pair(scene)),
                    Contains("idcl::mining::DistanceTopK: expected `k` >= 1, but got 0"));
  CHECK_THROWS_WITH((mining::DistanceTopK{.distances = {}}.pair(scene)),
                    Contains("expected `distances` to be a tensor [N, M], but got an undefined tensor"));
  CHECK_THROWS_WITH((mining::DistanceTopK{.distances = d.narrow(1, 0, 9)}.pair(scene)),
                    Contains("expected `distances` [13, 13], a row an anchor and a column a reference, but got [13, 9]"));
  CHECK_THROWS_WITH((mining::DistanceTopK{.distances = d.to(at::kLong)}.pair(scene)),
                    Contains("expected `distances` to be of floating type, but got Long"));
  CHECK_THROWS_WITH((mining::DistanceThreshold{.distances = d, .within = -1}.pair(scene)),
                    Contains("idcl::mining::DistanceThreshold: expected `within` to be finite and >= 0, but got -1"));
  CHECK_THROWS_WITH((mining::ExcludeNear{.miner = mining::Labels{}, .distances = d, .nearer_than = 0}.pair(
                        {.anchors = data.x, .references = data.x, .anchor_labels = data.labels, .reference_labels = data.labels})),
                    Contains("idcl::mining::ExcludeNear: expected `nearer_than` to be finite and > 0, but got 0"));
  const mining::Rerank none{.k = 0, .distances = d};
  CHECK_THROWS_WITH(none.pair(scene, none.fold(scene).begin(13, data.x.options())),
                    Contains("idcl::mining::Rerank: expected `k` >= 1, but got 0"));
}
