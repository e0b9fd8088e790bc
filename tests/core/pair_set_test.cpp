// Every kind of pair set against the boolean mask that it stands for.

#include "idcl/core/tile.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <limits>
#include <string>
#include <vector>

namespace {

using namespace idcl;
using idcl::test::Random;

struct Example {
  std::string name;
  PairSet set;
  Tensor mask;  ///< what it stands for, bool [n, m]
};

/// Is (i, j) of the tile the pair of an element with itself?
Tensor diagonal_mask(int64_t n, int64_t m, int64_t offset) {
  return at::arange(n, at::kLong).unsqueeze(1).eq(at::arange(m, at::kLong) + offset);
}

/// All kinds of set on a tile of the whole matrix whose first column minus first row is `offset`.
std::vector<Example> examples(int64_t n, int64_t m, int64_t offset) {
  const auto all = at::ones({n, m}, at::kBool), diagonal = diagonal_mask(n, m, offset);
  const auto some = Random(n + 10 * m + 100 * offset).normal({n, m}).gt(0);
  return {{"none", PairSet::none(), all.logical_not()},
          {"all", PairSet::all(), all},
          {"off diagonal", PairSet::off_diagonal(offset), diagonal.logical_not()},
          {"diagonal", PairSet::diagonal(offset), diagonal},
          {"mask", PairSet::mask(some), some},
          {"counted", PairSet::counted(some.to(at::kDouble) * 3), some}};
}

template <class Check>
void for_each_tile(const Check& check) {
  for (const auto& [n, m] : {std::pair<int64_t, int64_t>{4, 4}, {3, 5}, {5, 3}, {1, 4}, {4, 1}, {1, 1}, {0, 3}, {3, 0}})
    for (int64_t offset = -6; offset <= 6; ++offset) {
      INFO("tile of " << n << " x " << m << ", offset " << offset);
      check(n, m, offset);
    }
}

bool same(const Tensor& a, const Tensor& b) { return a.sizes() == b.sizes() && a.equal(b); }

}  // namespace

TEST_CASE("a pair set is the mask it stands for") {
  for_each_tile([](int64_t n, int64_t m, int64_t offset) {
    for (const auto& [name, set, mask] : examples(n, m, offset)) {
      INFO(name);
      CHECK(same(set.as_mask(n, m, at::kCPU), mask));
      CHECK(same(set.count(n, m, at::kDouble), mask.sum(1, false, at::kDouble)));
      CHECK(same(set.occurrences(n, m, at::kDouble), mask.sum(1, false, at::kDouble) * (name == "counted" ? 3 : 1)));
      CHECK(same(set.transposed().as_mask(m, n, at::kCPU), mask.t()));
    }
  });
}

TEST_CASE("keep gives a row its pairs' values and the fill elsewhere") {
  for_each_tile([](int64_t n, int64_t m, int64_t offset) {
    const auto x = Random(1).normal({n, m});
    const auto untouched = x.clone();
    const auto lowest = -std::numeric_limits<double>::infinity();
    for (const auto& [name, set, mask] : examples(n, m, offset)) {
      INFO(name);
      for (const auto& kept : {set.keep(x, lowest), set.keep_(x.clone(), lowest)}) {
        // whatever the order and number of columns, a reduction over a row sees the set's values
        const auto descending = [&](const Tensor& values) {
          const auto filled = at::cat({values, at::full({n, m + 1 - values.size(1)}, lowest, x.options())}, 1);
          return std::get<0>(filled.sort(1, /*descending=*/true));
        };
        CHECK(same(descending(kept), descending(x.masked_fill(mask.logical_not(), lowest))));
      }
      CHECK(same(x, untouched));
    }
  });
}

TEST_CASE("values kept, changed and added come back to their places") {
  for_each_tile([](int64_t n, int64_t m, int64_t offset) {
    const auto x = Random(2).normal({n, m});
    for (const auto& [name, set, mask] : examples(n, m, offset)) {
      INFO(name);
      const auto kept = set.only(set.keep(x, 0) * 2);
      const auto expected = (x * 2).masked_fill(mask.logical_not(), 0);
      CHECK(same(set.spread(kept, m), expected));
      auto sum = at::ones({n, m}, at::kDouble);
      set.add_(sum, kept);
      CHECK(same(sum, expected + 1));
    }
  });
}

TEST_CASE("values outside a mask do not matter, NaN or not") {
  const auto mask = at::eye(3, at::kBool);
  const auto x = at::full({3, 3}, std::numeric_limits<double>::quiet_NaN(), at::kDouble).masked_fill(mask, 1);
  CHECK(same(PairSet::mask(mask).keep(x, 0), at::eye(3, at::kDouble)));
  CHECK(same(PairSet::mask(mask).only(x), at::eye(3, at::kDouble)));
  CHECK(same(PairSet::diagonal(0).keep(x, 0), at::ones({3, 1}, at::kDouble)));
}

TEST_CASE("the pairs of one set that are not in another") {
  for_each_tile([](int64_t n, int64_t m, int64_t offset) {
    for (const auto& a : examples(n, m, offset)) {
      for (const auto& b : examples(n, m, offset)) {
        INFO(a.name << " without " << b.name);
        const auto masks = std::pair{a.mask.clone(), b.mask.clone()};
        CHECK(same(a.set.without(b.set, n, m, at::kCPU).as_mask(n, m, at::kCPU), a.mask.logical_and(b.mask.logical_not())));
        CHECK(same(a.mask, masks.first));  // neither operand is written to
        CHECK(same(b.mask, masks.second));
      }
    }
  });
}

TEST_CASE("gradients flow through kept values alone") {
  for_each_tile([](int64_t n, int64_t m, int64_t offset) {
    for (const auto& [name, set, mask] : examples(n, m, offset)) {
      INFO(name);
      const auto x = Random(3).normal({n, m}).requires_grad_();
      const auto total = set.keep(x, 7).square().sum() + 0 * x.sum();
      total.backward();
      CHECK(same(x.grad(), (2 * x.detach()).masked_fill(mask.logical_not(), 0)));
    }
  });
}

TEST_CASE("repeated pairs weigh as often as they occur") {
  const auto counts = at::tensor({0.0, 1.0, 3.0, 2.0}, at::kDouble).view({2, 2});
  const auto set = PairSet::counted(counts);
  const auto x = at::tensor({0.5, -1.0, 2.0, 0.25}, at::kDouble).view({2, 2});
  CHECK(same(set.times(set.keep(x, 0)), x * counts));
  CHECK(at::allclose(set.raise(set.keep(x, idcl::kNothing)).logsumexp(1), (x.exp() * counts).sum(1).log(), 1e-14));
  CHECK(same(PairSet::all().times(x), x));
  CHECK(same(PairSet::all().raise(x), x));
}

TEST_CASE("weights need not be whole, and stay where repetitions do not") {
  const auto weights = at::tensor({0.0, 0.25, 1e-3, 2.0}, at::kDouble).view({2, 2});
  const auto set = PairSet::weighted(weights), counted = PairSet::counted(weights);
  const auto x = at::tensor({0.5, -1.0, 2.0, 0.25}, at::kDouble).view({2, 2});
  for (const auto& each : {set, set.once(), set.transposed().transposed()}) {
    CHECK(each.is_weighted());
    CHECK(same(each.times(each.keep(x, 0)), x * weights));
    CHECK(at::allclose(each.raise(each.keep(x, idcl::kNothing)).logsumexp(1), (x.exp() * weights).sum(1).log(), 1e-14));
    CHECK(same(each.occurrences(2, 2, at::kDouble), weights.sum(1)));
    CHECK(same(each.count(2, 2, at::kDouble), at::tensor({1.0, 2.0}, at::kDouble)));
  }
  CHECK_FALSE(counted.is_weighted());
  CHECK(same(counted.once().occurrences(2, 2, at::kDouble), at::tensor({1.0, 2.0}, at::kDouble)));
  CHECK(same(counted.once().times(x), x));
}

TEST_CASE("a tile's negatives are its candidates that are no positives, unless given") {
  for_each_tile([](int64_t n, int64_t m, int64_t offset) {
    const auto x = at::zeros({n, m}, at::kDouble);
    for (const auto& candidate : examples(n, m, offset)) {
      for (const auto& positive : examples(n, m, offset)) {
        const Tile tile{.similarity = x, .candidate = candidate.set, .positive = positive.set, .row = 5, .col = 5 + offset};
        INFO(candidate.name << ", positive " << positive.name);
        const auto expected = candidate.mask.logical_and(positive.mask.logical_not());
        CHECK(same(tile.negative().as_mask(n, m, at::kCPU), expected));
        const auto other = tile.transposed();
        CHECK(other.row == 5 + offset);
        CHECK(other.col == 5);
        CHECK(same(other.negative().as_mask(m, n, at::kCPU), expected.t()));
      }
      Tile given{.similarity = x};
      given.given_negative = candidate.set;
      CHECK(same(given.negative().as_mask(n, m, at::kCPU), candidate.mask));
      CHECK(same(given.transposed().negative().as_mask(m, n, at::kCPU), candidate.mask.t()));
    }
  });
}

TEST_CASE("what stands for no pair vanishes beside any pair, and never becomes NaN") {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto nothing = at::full({2}, kNothing, type), far = at::tensor({-1e30, 1e30}, type);
    CHECK(same(at::logaddexp(nothing, far), far));
    CHECK((nothing - nothing).eq(0).all().item<bool>());
    CHECK((nothing - far).isfinite().all().item<bool>());
    CHECK(at::logaddexp(nothing, nothing).le(kEmpty).all().item<bool>());
    CHECK(nothing.add(std::log(1e9)).le(kEmpty).all().item<bool>());
    CHECK(far.gt(kEmpty).all().item<bool>());
  }
}
