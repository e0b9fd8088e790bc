// Products multiplied by hand, for every processor this one can stand for: whole numbers exactly, others within the bound of rounding.

#include "idcl/engine/product.hpp"
#include "support/catch.hpp"
#include "support/instruction_sets.hpp"
#include "support/threads.hpp"

#include <ATen/Functions.h>

#include <limits>

namespace {

using namespace idcl;
using engine::multiply_by_hand, engine::multiply_half_by_hand;

/// Around every edge: of rows that run together, of panels, of their depth.
constexpr int64_t heights[]{1, 2, 5, 6, 7, 8, 9, 13, 33}, widths[]{1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 70},
    depths[]{1, 7, 8, 16, 17, 255, 256, 257, 383, 384, 385, 513, 700};

/// Whole numbers so small that every sum of their products is exact.
Tensor whole(int64_t rows, int64_t cols) { return at::randint(-8, 9, {rows, cols}, at::kFloat); }

Tensor exact(const Tensor& a, const Tensor& b) { return at::mm(a.to(at::kDouble), b.to(at::kDouble)); }

/// The same numbers with something between the rows, beginning anywhere.
Tensor scattered(const Tensor& x) {
  const auto apart = at::full({x.size(0), x.size(1) + 5}, 1e30f).narrow(1, 3, x.size(1));
  apart.copy_(x);
  return apart;
}

}  // namespace

TEST_CASE("a product of whole numbers is exact, whatever the shape and however the matrices lie") {
  at::manual_seed(1);
  for (const auto isa : instruction_sets())
    for (const auto rows : heights)
      for (const auto cols : widths)
        for (const auto depth : depths) {
          CAPTURE(static_cast<int>(isa), rows, cols, depth);
          const auto a = whole(rows, depth), b = whole(depth, cols), before = whole(rows, cols);
          const auto want = exact(a, b), more = want + before;
          for (const auto& left : {a, scattered(a), a.t().contiguous().t()})
            for (const auto& right : {b, scattered(b), b.t().contiguous().t(), scattered(b.t()).t()}) {
              const auto put = scattered(before), added = scattered(before);
              multiply_by_hand(put, left, right, /*adds=*/false, isa);
              multiply_by_hand(added, left, right, /*adds=*/true, isa);
              REQUIRE(put.to(at::kDouble).equal(want));
              REQUIRE(added.to(at::kDouble).equal(more));
            }
        }
}

TEST_CASE("rows whose numbers lie apart are gathered some at a time, and none is lost at the edges") {
  at::manual_seed(7);
  for (const auto isa : instruction_sets())
    for (const int64_t rows : {143, 144, 145, 149, 288, 300})
      for (const int64_t depth : {1, 15, 256, 385}) {
        CAPTURE(static_cast<int>(isa), rows, depth);
        const auto a = whole(rows, depth), b = whole(depth, 37);
        for (const auto& left : {a.t().contiguous().t(), scattered(a.t()).t(), at::cat({a, a}, 1).slice(1, 0, 2 * depth, 2)}) {
          const auto out = scattered(at::full({rows, 37}, 3.0f)), want = exact(left, b);
          multiply_by_hand(out, left, b, /*adds=*/false, isa);
          REQUIRE(out.to(at::kDouble).equal(want));
          multiply_by_hand(out, left, b, /*adds=*/true, isa);
          REQUIRE(out.to(at::kDouble).equal(want + want));
        }
      }
}

TEST_CASE("a product onto nothing does not read what is there, whoever multiplies") {
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto a = whole(9, 5), b = whole(5, 66);
  for (const auto isa : instruction_sets())
    for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16}) {
      CAPTURE(static_cast<int>(isa), type);
      const auto rows = type == at::kDouble ? at::kDouble : at::kFloat;  // which bfloat16 products are of
      const auto left = a.to(rows), right = b.to(rows);
      for (const auto& out : {at::full({9, 66}, nan, rows), at::full({9, 80}, nan, rows).narrow(1, 0, 66)}) {
        engine::gather_product(out, left, right, engine::Onto::Nothing, type, isa);
        CHECK(out.to(at::kDouble).equal(at::mm(left, right).to(type).to(at::kDouble)));
        engine::gather_product(out, left, right, engine::Onto::Sum, type, isa);
        CHECK(out.to(at::kDouble).equal(2 * at::mm(left, right).to(type).to(at::kDouble)));
      }
    }
}

TEST_CASE("nothing beside a product is written to") {
  for (const auto isa : instruction_sets()) {
    const auto memory = at::full({20, 50}, 7.0f), out = memory.narrow(0, 2, 11).narrow(1, 3, 37);
    multiply_by_hand(out, at::zeros({11, 9}), at::zeros({9, 37}), /*adds=*/false, isa);
    CHECK(out.eq(0).all().item<bool>());
    CHECK(memory.eq(7).sum().item<int64_t>() == 20 * 50 - 11 * 37);
  }
}

TEST_CASE("of nothing there is no product") {
  for (const auto isa : instruction_sets()) {
    const auto memory = at::ones({4, 4}), x = at::ones({4, 3});
    multiply_by_hand(memory.narrow(0, 0, 0), x.narrow(0, 0, 0), x.t(), /*adds=*/false, isa);
    multiply_by_hand(memory.narrow(1, 0, 0), x, x.t().narrow(1, 0, 0), /*adds=*/false, isa);
    multiply_half_by_hand(memory.narrow(0, 0, 0).narrow(1, 0, 0), x.narrow(0, 0, 0), x.narrow(0, 0, 0).t(), isa);
    CHECK(memory.eq(1).all().item<bool>());
  }
}

TEST_CASE("a product of real numbers is as exact as its sums can be") {
  at::manual_seed(2);
  constexpr double unit = 0x1p-24;
  for (const auto isa : instruction_sets())
    for (const int64_t depth : {3, 256, 513, 2000}) {
      CAPTURE(static_cast<int>(isa), depth);
      const auto a = at::randn({19, depth}), b = at::randn({depth, 45}), out = at::empty({19, 45});
      multiply_by_hand(out, a, b, /*adds=*/false, isa);
      const auto error = (out.to(at::kDouble) - exact(a, b)).abs(), bound = exact(a.abs(), b.abs()) * (static_cast<double>(depth) * unit);
      CHECK(error.le(bound).all().item<bool>());
    }
}

TEST_CASE("a product that is its own mirror image is that to the last digit") {
  at::manual_seed(3);
  for (const auto isa : instruction_sets())
    for (const int64_t n : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 65, 100, 130})
      for (const int64_t depth : {1, 16, 300}) {
        CAPTURE(static_cast<int>(isa), n, depth);
        const auto a = whole(n, depth), out = scattered(at::full({n, n}, 3.0f));
        multiply_half_by_hand(out, a, a.t(), isa);
        REQUIRE(out.to(at::kDouble).equal(exact(a, a.t())));
        const auto x = at::randn({n, depth}), real = at::empty({n, n});
        multiply_half_by_hand(real, x, x.t(), isa);
        REQUIRE(real.equal(real.t()));
      }
}

TEST_CASE("equal rows have equal products wherever they stand, whoever multiplies") {
  at::manual_seed(4);
  for (const auto isa : instruction_sets()) {
    CAPTURE(static_cast<int>(isa));
    const auto row = at::randn({1, 515}), other = at::randn({1, 515});
    const auto a = row.expand({133, 515}).contiguous(), b = other.expand({150, 515}).contiguous(), out = at::empty({133, 150});
    for (const int threads : {1, 2, 3, 7}) {
      const Threads some(threads);
      multiply_by_hand(out, a, b.t(), /*adds=*/false, isa);
      CHECK(out.eq(out[0][0]).all().item<bool>());
      const auto narrow = at::empty({1, 1});
      multiply_by_hand(narrow, row, other.t(), /*adds=*/false, isa);
      CHECK(narrow[0][0].equal(out[0][0]));
    }
  }
}

TEST_CASE("a product depends on no number of threads") {
  at::manual_seed(5);
  const auto a = at::randn({140, 600}), b = at::randn({600, 190}), c = at::randn({190, 600});
  for (const auto isa : instruction_sets()) {
    Tensor first, first_half;
    for (const int threads : {1, 2, 3, 5, 16}) {
      CAPTURE(static_cast<int>(isa), threads);
      const Threads some(threads);
      const auto out = at::ones({140, 190}), half = at::empty({190, 190});
      multiply_by_hand(out, a, b, /*adds=*/true, isa);
      multiply_half_by_hand(half, c, c.t(), isa);
      if (!first.defined()) first = out, first_half = half;
      CHECK(out.equal(first));
      CHECK(half.equal(first_half));
    }
  }
}

TEST_CASE("what is no float32 on the CPU, and the portable build, the library multiplies") {
  const auto x = at::ones({3, 4}), wide = at::ones({3, 4}, at::kDouble), out = at::empty({3, 3});
  CHECK_FALSE(engine::multiplies_by_hand(out, x, x.t(), simd::Isa::Portable));
  CHECK_FALSE(engine::multiplies_by_hand(out.to(at::kDouble), wide, wide.t(), simd::widest()));
  CHECK_FALSE(engine::multiplies_by_hand(out.t(), x, x.t(), simd::widest()));
  CHECK_FALSE(engine::multiplies_by_hand(out, x.narrow(1, 0, 0), x.narrow(1, 0, 0).t(), simd::widest()));
  for (const auto isa : instruction_sets()) {
    auto gradient = at::ones({3, 4});
    engine::put_product(out, x, x, at::kFloat, engine::Mirrored::No, isa);
    engine::add_product(gradient, out, x, at::kFloat, isa);
    CHECK(out.eq(4).all().item<bool>());
    CHECK(gradient.eq(13).all().item<bool>());
    engine::put_product(out.t(), x, 2 * x, at::kFloat, engine::Mirrored::Yes, isa);
    CHECK(out.eq(8).all().item<bool>());
  }
  engine::put_product(out, x.narrow(1, 0, 0), x.narrow(1, 0, 0), at::kFloat);
  CHECK(out.eq(0).all().item<bool>());
}

TEST_CASE("a matrix joined with its mirror image is symmetric, whatever its size") {
  at::manual_seed(6);
  for (const auto isa : instruction_sets())
    for (const int64_t n : {1, 3, 4, 8, 15, 16, 17, 32, 33, 63, 64, 90}) {
      CAPTURE(static_cast<int>(isa), n);
      const auto x = at::randn({n, n}), sum = scattered(x), copy = scattered(x);
      for (int64_t col = 0; col < n; col += 32) {
        const auto width = std::min<int64_t>(32, n - col);
        simd::add_above_and_below(isa, sum.data_ptr<float>(), sum.stride(0), col, width);
        simd::copy_above_below(isa, copy.data_ptr<float>(), copy.stride(0), col, width);
      }
      CHECK(sum.equal(x + x.t()));
      CHECK(copy.equal(x.triu() + x.triu(1).t()));
    }
}
