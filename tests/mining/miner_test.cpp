// Who is positive, who is negative: miners against what they are defined to find, tile by tile.

#include "idcl/engine/evaluate.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/top_k.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"
#include "support/warnings.hpp"

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using oracle::Role;

/// The parts of all pairs of an n x m matrix, put together from tiles.
template <class Pairs>
oracle::Roles marked(const Pairs& pairs, int64_t n, int64_t m, int64_t side) {
  oracle::Roles roles(n, std::vector<Role>(m, Role::Ignored));
  for (int64_t row = 0; row < n; row += side) {
    for (int64_t col = 0; col < m; col += side) {
      const auto height = std::min(side, n - row), width = std::min(side, m - col);
      for (const bool mirrored : {false, true}) {  // a mirrored tile is a transposed view
        Tile tile{.similarity = mirrored ? at::zeros({width, height}, at::kDouble).t() : at::zeros({height, width}, at::kDouble),
                  .row = row,
                  .col = col};
        pairs.mark(tile);
        const auto positive = tile.positive.as_mask(height, width, at::kCPU), negative = tile.negative().as_mask(height, width, at::kCPU);
        for (int64_t i = 0; i < height; ++i)
          for (int64_t j = 0; j < width; ++j) {
            const bool is_positive = positive[i][j].item<bool>(), is_negative = negative[i][j].item<bool>();
            REQUIRE_FALSE((is_positive && is_negative));
            roles[row + i][col + j] = is_positive ? Role::Positive : is_negative ? Role::Negative : Role::Ignored;
          }
      }
    }
  }
  return roles;
}

oracle::Matrix empty(int64_t n, int64_t m) { return oracle::Matrix(n, std::vector<oracle::Real>(m)); }

Tensor rows(int64_t n, int64_t d = 4, uint64_t seed = 1) { return Random(seed).normal({n, d}); }

const std::vector<int64_t> sides{1, 3, 64};

}  // namespace

TEST_CASE("the diagonal pairs two sets of one size") {
  const auto x = rows(7), y = rows(7, 4, 2);
  const auto pairs = mining::Diagonal{}.pair({.anchors = x, .references = y, .self = false});
  for (const auto side : sides) CHECK(marked(pairs, 7, 7, side) == oracle::diagonal_positive(empty(7, 7)));
  CHECK_THROWS_WITH(mining::Diagonal{}.pair({.anchors = x, .references = x}),
                    Contains("idcl::mining::Diagonal: expected two sets of one size, as in loss(x, y), but got one set"));
  CHECK_THROWS_WITH(mining::Diagonal{}.pair({.anchors = x, .references = rows(5), .self = false}),
                    Contains("but got sets of 7 and 5 rows"));
}

TEST_CASE("labels pair what has the same") {
  const auto a = Random(3).integers(3, {7}), b = Random(4).integers(4, {5});
  for (const auto side : sides) {
    CHECK(marked(mining::Labels{}.pair({.anchors = rows(7), .references = rows(7), .anchor_labels = a, .reference_labels = a}), 7, 7,
                 side) == oracle::same_label_positive(empty(7, 7), a, a, true));
    CHECK(
        marked(mining::Labels{}.pair({.anchors = rows(7), .references = rows(5), .self = false, .anchor_labels = a, .reference_labels = b}),
               7, 5, side) == oracle::same_label_positive(empty(7, 5), a, b, false));
    CHECK(marked(mining::Labels{}.pair(
                     {.anchors = rows(7), .references = rows(5), .self = false, .anchor_labels = a, .reference_labels = b.to(at::kInt)}),
                 7, 5, side) == oracle::same_label_positive(empty(7, 5), a, b, false));
  }
  CHECK_THROWS_WITH(mining::Labels{}.pair({.anchors = rows(7), .references = rows(7)}),
                    Contains("idcl::mining::Labels: expected labels for anchors and references, as in loss(x, labels) or loss(x, labels, "
                             "y, y_labels), but got none"));
  CHECK_THROWS_WITH(mining::Labels{}.pair({.anchors = rows(7), .references = rows(5), .self = false, .anchor_labels = a}),
                    Contains("but got none"));
}

TEST_CASE("the k nearest are positives, the rest negatives, with or without the element itself") {
  for (const auto side : sides) {
    for (const int64_t k : {1, 4}) {
      const auto x = rows(9, 4, 5);
      const auto mined = oracle::similarities(x, x, /*cosine=*/false);
      for (const bool negative : {false, true}) {
        const mining::TopK miner{.k = k, .self = negative ? mining::SelfPair::Negative : mining::SelfPair::Ignored};
        const auto pairs = engine::mine(miner, Scene{.anchors = x, .references = x}, streaming(side).evaluation(at::kDouble));
        CHECK(marked(pairs, 9, 9, side) == oracle::nearest_positive(mined, k, negative));
        Tile tile{.similarity = at::zeros({9, 9}, at::kDouble)};
        pairs.mark_candidates(tile);
        CHECK(tile.positive.is_none());
        CHECK(tile.negative().count(9, 9, at::kDouble).eq(negative ? 9 : 8).all().item<bool>());
      }
    }
  }
}

TEST_CASE("the k nearest of another set count its diagonal too") {
  const auto x = rows(6, 4, 6), y = rows(8, 4, 7);
  const auto s = oracle::similarities(x, y, /*cosine=*/false);
  const auto lists = oracle::nearest(s, 3, /*self=*/false);
  for (const auto side : sides) {
    const auto pairs =
        engine::mine(mining::TopK{.k = 3}, Scene{.anchors = x, .references = y, .self = false}, streaming(side).evaluation(at::kDouble));
    CHECK(marked(pairs, 6, 8, side) == oracle::roles(s, [&](int64_t i, int64_t j) {
            return std::find(lists[i].begin(), lists[i].end(), j) != lists[i].end() ? Role::Positive : Role::Negative;
          }));
  }
}

TEST_CASE("neighbours are mined where one says") {
  const auto x = rows(9, 4, 8), place = rows(9, 2, 9);
  const auto pairs = engine::mine(mining::TopK{.k = 2}, Scene{.anchors = x, .references = x, .place = place}, {});
  CHECK(marked(pairs, 9, 9, 9) == oracle::nearest_positive(oracle::similarities(place, place, false), 2, false));
}

TEST_CASE("k has to be one or more, and never exceeds the others") {
  const auto x = rows(5);
  for (const int64_t k : {0, -1})
    CHECK_THROWS_WITH(mining::TopK{.k = k}.fold({.anchors = x, .references = x}),
                      Contains("idcl::mining::TopK: expected `k` >= 1, but got " + std::to_string(k)));
  Warnings warnings;
  CHECK(mining::TopK{.k = 9}.neighbours({.anchors = x, .references = x}) == 4);
  CHECK(mining::TopK{.k = 9}.neighbours({.anchors = x, .references = x, .self = false}) == 5);
  CHECK(mining::TopK{.k = 9}.neighbours({.anchors = rows(1), .references = rows(1)}) == 0);
  CHECK(mining::TopK{.k = 9}.neighbours({.anchors = rows(0), .references = rows(0)}) == 0);
  CHECK(mining::TopK{.k = 3}.neighbours({.anchors = x, .references = x}) == 3);
}

// Hidden: runs in a process of its own, mining_warns_once.
TEST_CASE("a batch without a negative is warned of once", "[.][warns once]") {
  const auto x = rows(5);
  Warnings warnings;
  mining::TopK{.k = 3}.neighbours({.anchors = x, .references = x});                                      // one negative
  mining::TopK{.k = 4, .self = mining::SelfPair::Negative}.neighbours({.anchors = x, .references = x});  // the element itself
  mining::TopK{.k = 4}.neighbours({.anchors = rows(1), .references = rows(1)});                          // nobody to compare with
  CHECK(warnings.messages.empty());
  for (int i = 0; i < 3; ++i) mining::TopK{.k = 4}.neighbours({.anchors = x, .references = x});
  REQUIRE(warnings.messages.size() == 1);
  CHECK_THAT(warnings.messages[0], Contains("idcl::mining::TopK: k = 4 makes positives of all 4 others"));
  CHECK_THAT(warnings.messages[0], Contains("Use a smaller k or a larger batch"));
}
