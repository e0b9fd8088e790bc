// The k nearest as a fold, against a sort of whole rows.

#include "idcl/engine/evaluate.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace {

using namespace idcl;
using namespace idcl::test;
using mining::Nearest;

const double kInf = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

/// The lists by sorting; -1 where a row runs out of others. NaN is nobody's neighbour.
Tensor sorted(const Tensor& s, int64_t k, bool self) {
  auto lists = at::full({s.size(0), k}, -1, at::kLong);
  for (int64_t i = 0; i < s.size(0); ++i) {
    std::vector<std::pair<double, int64_t>> order;
    for (int64_t j = 0; j < s.size(1); ++j) {
      const double value = s[i][j].item<double>();
      if (!std::isnan(value) && !(self && i == j)) order.emplace_back(-value, j);
    }
    std::sort(order.begin(), order.end());
    for (int64_t r = 0; r < std::min<int64_t>(k, order.size()); ++r) lists[i][r] = order[r].second;
  }
  return lists;
}

/// The lists by folding tiles of s, in an order that `seed` shuffles.
Tensor folded(const Nearest& nearest, const Tensor& s, int64_t height, int64_t width, uint64_t seed, bool transposed = false) {
  auto rows = nearest.begin(s.size(0), s.options());
  std::vector<std::pair<int64_t, int64_t>> corners;
  for (int64_t i = 0; i < s.size(0); i += height)
    for (int64_t j = 0; j < s.size(1); j += width) corners.emplace_back(i, j);
  std::vector<std::pair<int64_t, int64_t>> shuffled;
  const auto order = Random(seed).permutation(static_cast<int64_t>(corners.size()));
  for (std::size_t c = 0; c < corners.size(); ++c) shuffled.push_back(corners[order[static_cast<int64_t>(c)].item<int64_t>()]);
  for (const auto& [i, j] : shuffled) {
    auto tile = s.narrow(0, i, std::min(height, s.size(0) - i)).narrow(1, j, std::min(width, s.size(1) - j));
    tile = transposed ? tile.t().contiguous().t() : tile;
    fold_tile(nearest, rows, Tile{.similarity = tile, .row = i, .col = j}, 0);
  }
  return rows.indices;
}

/// Few distinct values: many ties.
Tensor tied(int64_t n, int64_t m, at::ScalarType type, uint64_t seed = 1) { return Random(seed).integers(4, {n, m}).to(type) / 4 - 0.5; }

}  // namespace

TEST_CASE("tiles of any shape, in any order, give the sorted lists, ties to the lowest index") {
  for (const auto type : {at::kDouble, at::kFloat, at::kBFloat16}) {  // bfloat16 goes the way of devices without the CPU's scan
    for (const auto& s : {tied(11, 11, type), Random(2).normal({11, 11}, type), at::zeros({11, 11}, type)}) {
      for (const bool self : {true, false}) {
        for (const int64_t k : {1, 3, 10, 11, 14}) {
          const auto expected = sorted(s, k, self);
          for (const auto& [height, width] : {std::pair<int64_t, int64_t>{11, 11}, {1, 1}, {3, 3}, {4, 5}, {11, 2}}) {
            INFO(type << ", k " << k << ", self " << self << ", tiles " << height << " x " << width);
            CHECK(folded({.k = k, .self = self}, s, height, width, 0).equal(expected));
            CHECK(folded({.k = k, .self = self}, s, height, width, 5, /*transposed=*/true).equal(expected));
          }
        }
      }
    }
  }
}

TEST_CASE("a first tile of many columns gives the sorted lists too") {
  for (const auto type : {at::kDouble, at::kFloat}) {
    auto holes = Random(8).normal({70, 70}, type);
    holes.masked_fill_(Random(9).normal({70, 70}).gt(0.5), kNaN);
    holes[7].fill_(kNaN);
    holes[8].narrow(0, 0, 60).fill_(kNaN);
    for (const auto& s : {tied(70, 70, type), Random(7).normal({70, 70}, type), at::ones({70, 70}, type), holes}) {
      for (const bool self : {true, false}) {
        for (const int64_t k : {1, 7, 15, 16, 31, 69, 70, 80}) {
          const auto expected = sorted(s, k, self);
          for (const auto& [height, width] : {std::pair<int64_t, int64_t>{70, 70}, {70, 64}, {16, 33}, {33, 16}}) {
            INFO(type << ", k " << k << ", self " << self << ", tiles " << height << " x " << width);
            CHECK(folded({.k = k, .self = self}, s, height, width, 0).equal(expected));
            CHECK(folded({.k = k, .self = self}, s, height, width, 5, /*transposed=*/true).equal(expected));
          }
        }
      }
    }
  }
}

TEST_CASE("values come with their indices, descending") {
  const auto s = Random(3).normal({7, 9});
  const Nearest nearest{.k = 4, .self = false};
  auto rows = nearest.begin(7, s.options());
  nearest.update(rows, Tile{.similarity = s}, 0);
  CHECK(rows.values.equal(s.gather(1, rows.indices)));
  CHECK(rows.values.narrow(1, 0, 3).ge(rows.values.narrow(1, 1, 3)).all().item<bool>());
}

TEST_CASE("infinities are ordinary, NaN is nobody's neighbour") {
  auto s = Random(4).normal({8, 8});
  s[0][3] = kInf;
  s[1][5] = -kInf;
  s[2][4] = kNaN;
  s[3].fill_(kNaN);
  s.select(1, 6).fill_(kNaN);
  s[5].fill_(-kInf);
  for (const auto type : {at::kDouble, at::kBFloat16})
    for (const int64_t k : {2, 7})
      for (const int64_t side : {8, 3}) {
        INFO(type << ", k " << k << ", side " << side);
        auto x = s.to(type);
        if (type == at::kBFloat16) x = x.masked_fill(x.eq(-kInf), -100);  // there -inf stands for nothing
        CHECK(folded({.k = k}, x, side, side, 1).equal(sorted(x, k, true)));
      }
}

TEST_CASE("merging is associative, and the same as seeing all tiles") {
  for (const auto& s : {tied(6, 30, at::kDouble), Random(5).normal({6, 30})}) {
    const Nearest nearest{.k = 4, .self = false};
    const auto part = [&](int64_t begin, int64_t size) {
      auto rows = nearest.begin(6, s.options());
      nearest.update(rows, Tile{.similarity = s.narrow(1, begin, size), .col = begin}, 0);
      return rows;
    };
    const auto merged = [&](Nearest::Rows a, const Nearest::Rows& b) {
      nearest.merge(a, b);
      return a;
    };
    const auto a = part(0, 3), b = part(3, 10), c = part(13, 17), all = part(0, 30), nothing = nearest.begin(6, s.options());
    for (const auto& rows :
         {merged(merged(a, b), c), merged(a, merged(b, c)), merged(c, merged(b, a)), merged(all, nothing), merged(nothing, all)}) {
      CHECK(rows.indices.equal(all.indices));
      CHECK(rows.values.equal(all.values));
    }
  }
}

TEST_CASE("nothing to see: no rows, no columns, no neighbours") {
  const auto s = Random(6).normal({3, 4});
  CHECK(folded({.k = 0}, s, 2, 2, 0).sizes() == at::IntArrayRef({3, 0}));
  CHECK(folded({.k = 2}, at::empty({3, 0}, at::kDouble), 2, 2, 0).eq(-1).all().item<bool>());
  CHECK(folded({.k = 2}, at::empty({0, 3}, at::kDouble), 2, 2, 0).sizes() == at::IntArrayRef({0, 2}));
}

TEST_CASE("equal rows tie whichever tiles they fall into") {
  const int threads = at::get_num_threads();
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const int64_t n : {130, 257, 300}) {  // tiles of the default workspace, the last one smaller
      for (const int64_t d : {3, 17, 64, 100}) {
        Random random(n + d);
        const auto kinds = random.integers(7, {n});
        // Rounded, so that products are exact: of others a BLAS may round equal ones differently, and then they do not tie.
        const auto u = (similarity::Cosine{}.embed(random.normal({7, d}, type)) * 1024).round().div(1024).index_select(0, kinds);
        for (const int count : {1, 2}) {
          at::set_num_threads(count);
          for (const int64_t k : {5, 60}) {
            const auto pairs = engine::mine(mining::TopK{.k = k}, Scene{.anchors = u, .references = u}, {});
            // Rows of a kind are equal. So the list of a row is that of its kind, but for the row itself: first all of its own
            // kind, then the next kind, each in ascending order.
            const auto first = pairs.list.narrow(1, 0, k - 1), second = pairs.list.narrow(1, 1, k - 1);
            const auto kind_of = [&](const Tensor& list) { return kinds.index_select(0, list.flatten()).view_as(list); };
            INFO(type << ", " << n << " rows of " << d << ", k " << k << ", " << count << " threads");
            CHECK_FALSE(kind_of(first).eq(kind_of(second)).logical_and(first.gt(second)).any().item<bool>());
            CHECK_FALSE(pairs.list.eq(at::arange(n, at::kLong).unsqueeze(1)).any().item<bool>());
            CHECK(kind_of(pairs.list.narrow(1, 0, 1)).squeeze(1).eq(kinds).all().item<bool>());
          }
        }
      }
    }
  }
  at::set_num_threads(threads);
}
