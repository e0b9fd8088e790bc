// The state of rows, sliced, stored and folded into without knowing what it is.

#include "idcl/core/fold.hpp"
#include "idcl/core/check.hpp"
#include "support/catch.hpp"

#include <limits>

namespace {

using namespace idcl;

/// Sums and counts similarities; its state has members of two shapes.
struct Sums {
  static constexpr int passes = 1;
  struct Rows {
    Tensor sum;     ///< [n]
    Tensor counts;  ///< int64 [n, 2]: pairs, and updates
    auto members() { return std::tie(sum, counts); }
  };
  Rows begin(int64_t n, const at::TensorOptions& options) const {
    return {at::zeros({n}, options), at::zeros({n, 2}, options.dtype(at::kLong))};
  }
  void update(Rows& rows, const Tile& tile, int pass) const {
    rows.sum = rows.sum + tile.similarity.sum(1);                               // a new tensor
    rows.counts.add_(at::tensor({tile.cols(), int64_t{pass} + 1}, at::kLong));  // in place
  }
  void merge(Rows& rows, const Rows& other) const {
    rows.sum = rows.sum + other.sum;
    rows.counts = rows.counts + other.counts;
  }
};

static_assert(Fold<Sums>);
static_assert(!Fold<int>);

}  // namespace

TEST_CASE("a slice is a view of its rows") {
  auto rows = Sums{}.begin(5, at::kDouble);
  auto part = slice(rows, 1, 2);
  CHECK(part.sum.sizes() == at::IntArrayRef{2});
  CHECK(part.counts.sizes() == at::IntArrayRef({2, 2}));
  part.sum.fill_(3);
  part.counts.fill_(4);
  CHECK(rows.sum.equal(at::tensor({0.0, 3.0, 3.0, 0.0, 0.0}, at::kDouble)));
  CHECK(rows.counts.sum().item<int64_t>() == 16);
}

TEST_CASE("a tile is folded into its own rows, whether members are replaced or written to") {
  const Sums sums;
  auto rows = sums.begin(5, at::kDouble);
  const auto sum = rows.sum, counts = rows.counts;
  const auto ones = at::ones({2, 3}, at::kDouble);
  fold_tile(sums, rows, Tile{.similarity = ones, .row = 1, .col = 0}, 0);
  fold_tile(sums, rows, Tile{.similarity = ones * 2, .row = 3, .col = 3}, 1);
  fold_tile(sums, rows, Tile{.similarity = ones.narrow(1, 0, 1), .row = 3, .col = 6}, 0);
  CHECK(rows.sum.is_same(sum));  // the whole state stays where it is
  CHECK(rows.counts.is_same(counts));
  CHECK(rows.sum.equal(at::tensor({0.0, 3.0, 3.0, 7.0, 7.0}, at::kDouble)));
  CHECK(rows.counts.equal(at::tensor({0, 0, 3, 1, 3, 1, 4, 3, 4, 3}, at::kLong).view({5, 2})));
}

TEST_CASE("checks say what they expected and what they got") {
  using Catch::Contains;
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(check::rows("f", "x", {}), Contains("f: expected `x` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(check::rows("f", "x", at::ones({2})), Contains("f: expected `x` to be 2-D [N, D], but got [2]"));
  CHECK_THROWS_AS(check::rows("f", "x", at::ones({2, 2}, at::kLong)), c10::TypeError);
  CHECK_THROWS_AS(check::rows("f", "x", at::ones({2})), c10::ValueError);
  for (const double bad : {nan, inf, -inf}) {
    CHECK_THROWS_AS(check::finite("f", "a", bad), c10::ValueError);
    CHECK_THROWS_AS(check::positive("f", "a", bad), c10::ValueError);
    CHECK_THROWS_AS(check::not_negative("f", "a", bad), c10::ValueError);
  }
  CHECK_THROWS_WITH(check::positive("f", "a", 0), Contains("f: expected `a` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(check::not_negative("f", "a", -1), Contains("f: expected `a` to be finite and >= 0, but got -1"));
  CHECK_NOTHROW(check::positive("f", "a", std::numeric_limits<double>::denorm_min()));
  CHECK_NOTHROW(check::not_negative("f", "a", 0));
  CHECK_NOTHROW(check::finite("f", "a", -1));
  CHECK(check::are_labels(at::ones({3})));
  CHECK_FALSE(check::are_labels(at::ones({3, 1})));
  CHECK_FALSE(check::are_labels({}));
}
