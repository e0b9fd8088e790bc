// Miners that look at whole rows, as they do on the CPU, find what those that look at tiles find, as they do on other devices.

#include "idcl/mining/batch_easy_hard.hpp"
#include "idcl/mining/batch_hard.hpp"
#include "idcl/mining/hdc.hpp"
#include "idcl/mining/multi_similarity.hpp"
#include "idcl/mining/pair_margin.hpp"
#include "idcl/mining/triplet_margin.hpp"
#include "idcl/similarity/dot.hpp"
#include "mining/miners.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <limits>
#include <span>
#include <vector>

namespace {

using namespace idcl;
using namespace idcl::test;

/// 70 anchors in 5 classes, one of them alone in its class, and 53 references beside them; by either kind of similarity, in
/// tiles of all rows and of few.
template <class Check>
void for_each_ground(const Check& check) {
  Random random(3);
  const auto x = random.normal({70, 6}), y = random.normal({53, 6});
  auto labels = random.integers(4, {70});
  labels[9] = 7;
  const auto others = random.integers(5, {53});
  y[5].copy_(x[2]);  // at distance 0
  y[6][0] = std::numeric_limits<double>::quiet_NaN();
  const at::NoGradGuard no_grad;
  for (const auto& similarity : {similarity::Any(similarity::Euclidean{}), similarity::Any(similarity::Euclidean{.power = 2}),
                                 similarity::Any(similarity::Cosine{})})
    for (const int64_t bytes : {1 << 12, 1 << 20}) {
      INFO((similarity.distance ? "distance" : "similarity") << ", workspace of " << bytes);
      check(mining::detail::ground("test", x, labels, {}, {}, similarity, bytes));
      check(mining::detail::ground("test", x, labels, y, others, similarity, bytes));
    }
}

}  // namespace

TEST_CASE("extremes within a range: bounds count, a NaN does not, and a range without numbers holds none") {
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> values(37, 3);
  values[4] = 1, values[20] = nan, values[30] = 2, values[36] = 5;
  const std::span<const double> all(values);
  CHECK(mining::detail::least(all).at == 4);
  CHECK(mining::detail::least(all, 2., 3.).at == 30);
  CHECK(mining::detail::largest(all).at == 36);
  CHECK(mining::detail::largest(all, 1., 2.).at == 30);
  CHECK(mining::detail::least(all, 3.5, 4.5).at == -1);
  CHECK(mining::detail::least(all, 3., 2.).at == -1);
  CHECK(mining::detail::largest(all, 3., 2.).at == -1);
}

TEST_CASE("the hardest of whole rows are those of tiles") {
  for_each_ground([](const mining::detail::Ground& ground) {
    const auto rows = mining::detail::hardest(ground), tiles = ground.fold(mining::detail::Extremes<1>{});
    CHECK(rows.positive_index.equal(tiles.positive_index));
    CHECK(rows.negative_index.equal(tiles.negative_index));
    CHECK(rows.positive.isinf().equal(tiles.positive.isinf()));
    CHECK(at::allclose(rows.positive.nan_to_num(0, 9, -9), tiles.positive.nan_to_num(0, 9, -9), 1e-12, 1e-12));
    CHECK(at::allclose(rows.negative.nan_to_num(0, 9, -9), tiles.negative.nan_to_num(0, 9, -9), 1e-12, 1e-12));
  });
}

TEST_CASE("the pairs of whole rows are those of tiles") {
  for_each_ground([](const mining::detail::Ground& ground) {
    for (const double epsilon : {-0.2, 0.1, 5.}) {
      const auto rows = found(mining::detail::multi_similarity_of_rows<double>(ground, epsilon));
      CHECK(rows == found(mining::detail::multi_similarity_of_tiles(ground, epsilon)));
      CHECK((epsilon < 0 || !rows.empty()));
    }
    for (const double beyond : {-0.4, 0.7, 9.})
      CHECK(found(mining::detail::pair_margin_of_rows<double>(ground, beyond, 0.9)) ==
            found(mining::detail::pair_margin_of_tiles(ground, beyond, 0.9)));
  });
}

TEST_CASE("pairs chosen by strategy from whole rows are those of tiles") {
  using mining::Range, mining::Strategy;
  const std::vector<Strategy> strategies{Strategy::Easy, Strategy::SemiHard, Strategy::Hard, Strategy::All};
  for_each_ground([&](const mining::detail::Ground& ground) {
    for (const auto positive : strategies)
      for (const auto negative : strategies)
        for (const auto& [near, far] : {std::pair{Range{}, Range{}}, {Range{-0.5, 1.1}, Range{0.2, 1.6}}}) {
          const bool semi = positive == Strategy::SemiHard || negative == Strategy::SemiHard;
          if (semi && (positive == negative || positive == Strategy::All || negative == Strategy::All)) continue;
          INFO(static_cast<int>(positive) << ", " << static_cast<int>(negative));
          const auto check = [&](const auto& fold) {
            const auto rows = found(mining::detail::easy_hard_pairs_of_rows<double>(ground, fold));
            CHECK(rows == found(mining::detail::easy_hard_pairs_of_tiles(ground, fold)));
            CHECK_FALSE(rows.empty());
          };
          if (semi)
            check(mining::detail::Extremes<2>{positive, negative, near, far});
          else
            check(mining::detail::Extremes<1>{positive, negative, near, far});
        }
  });
}

TEST_CASE("the hardest share of pairs is the first of all pairs sorted, also where most are left out before the last is seen") {
  Random random(5);
  const auto x = random.integers(9, {420, 3}).to(at::kDouble);  // products without rounding, and many ties
  const auto labels = random.integers(3, {420});
  const auto d = -x.mm(x.t());  // [N, N]
  const auto same = labels.unsqueeze(1).eq(labels), off = at::eye(420).logical_not();
  const auto first = [&](const Tensor& cost, const Tensor& mask) {
    const auto places = mask.nonzero();  // by anchor and reference
    const auto order = std::get<1>(cost.masked_select(mask).sort(/*stable=*/true, 0, /*descending=*/false));
    const auto k = (places.size(0) + 99) / 100;
    return places.index_select(0, std::get<0>(order.narrow(0, 0, k).sort()));  // [k, 2]
  };
  const auto positives = first(-d, same.logical_and(off)), negatives = first(d, same.logical_not());
  for (const int64_t bytes : {1 << 14, 1 << 25}) {
    const auto found = mining::hdc(x, labels, {.filter_percentage = 0.01, .similarity = similarity::Dot{}, .workspace_bytes = bytes});
    CHECK(at::stack({found.anchor_pos, found.positive}, 1).equal(positives));
    CHECK(at::stack({found.anchor_neg, found.negative}, 1).equal(negatives));

    const auto ground = mining::detail::ground("test", x, labels, {}, {}, similarity::Dot{}, bytes);
    mining::detail::LeastPairs far(positives.size(0), 420), near(negatives.size(0), 420);
    mining::detail::add_tiles(ground, far, near);
    CHECK(far.sorted(ground.integers()).second.equal(positives.select(1, 1)));
    CHECK(near.sorted(ground.integers()).second.equal(negatives.select(1, 1)));
  }
}

TEST_CASE("the triplets of whole rows are those of tiles") {
  using mining::TripletKind;
  for_each_ground([](const mining::detail::Ground& ground) {
    for (const auto kind : {TripletKind::All, TripletKind::Hard, TripletKind::SemiHard, TripletKind::Easy}) {
      const mining::TripletMarginOptions options{.margin = 0.15, .type_of_triplets = kind};
      const auto rows = found(mining::detail::triplets_of_rows<double>(ground, options));
      CHECK(rows == found(mining::detail::triplets_of_tiles(ground, options)));
      CHECK_FALSE(rows.triplets.empty());
    }
  });
}
