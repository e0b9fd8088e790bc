// Products of one tile: by hand, for each processor that this one can stand for, beside the library's.
//
//   bench_product [D ...]     OMP_NUM_THREADS sets the threads; D = 128 and 512 unless told otherwise, float32
//
// "similarities" is U V^T of a tile, "half" the same where it is its own mirror image, "slopes" G V, "transposed" G^T U, both added to
// what is there. GFLOP/s of the whole product, medians of rounds in which all are timed in turn; in brackets, over the library's.

#include "support/sgemm.hpp"

#include <idcl/engine/product.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

namespace {

using at::Tensor;
using idcl::simd::Isa;

void compare(int64_t side, int64_t depth) {
  at::manual_seed(0);
  const auto u = at::randn({side, depth}), v = at::randn({side, depth}), slopes = at::randn({side, side});
  auto tile = at::empty({side, side}), gradient = at::zeros({side, depth});
  struct Product {
    const char* name;
    std::function<void(Isa)> by_hand;
    std::function<void()> library;
  };
  const std::vector<Product> products{
      {"similarities", [&](Isa isa) { idcl::engine::multiply_by_hand(tile, u, v.t(), false, isa); }, [&] { at::mm_out(tile, u, v.t()); }},
      {"half", [&](Isa isa) { idcl::engine::multiply_half_by_hand(tile, u, u.t(), isa); }, [&] { at::mm_out(tile, u, u.t()); }},
      {"slopes", [&](Isa isa) { idcl::engine::multiply_by_hand(gradient, slopes, v, true, isa); }, [&] { gradient.addmm_(slopes, v); }},
      {"transposed", [&](Isa isa) { idcl::engine::multiply_by_hand(gradient, slopes.t(), u, true, isa); },
       [&] { gradient.addmm_(slopes.t(), u); }},
  };
  const struct {
    const char* name;
    Isa isa;
  } processors[]{{"portable", Isa::Portable}, {"AVX2", Isa::Avx2}, {"AVX-512", Isa::Avx512}};
  const auto operations = 2e-9 * static_cast<double>(side * side * depth);
  const int rounds = 101, at_a_time = static_cast<int>(std::max<int64_t>(1, (int64_t{1} << 24) / (side * side * depth)));
  const auto time = [&](const auto& work) {
    return bench::seconds_of([&] {
             for (int i = 0; i < at_a_time; ++i) work();
           }) /
           at_a_time;
  };
  for (const auto& product : products) {
    std::vector<double> library;
    std::vector<std::vector<double>> by_hand(std::size(processors));
    product.library();
    for (int round = 0; round < rounds; ++round) {
      library.push_back(time(product.library));
      for (std::size_t p = 0; p < std::size(processors); ++p)
        if (idcl::simd::supports(processors[p].isa)) by_hand[p].push_back(time([&] { product.by_hand(processors[p].isa); }));
    }
    const auto known = bench::median(library);
    std::printf("%5lld x %5lld x %4lld  %-13s library %6.1f", static_cast<long long>(side), static_cast<long long>(side),
                static_cast<long long>(depth), product.name, operations / known);
    for (std::size_t p = 0; p < std::size(processors); ++p)
      if (!by_hand[p].empty())
        std::printf("   %s %6.1f (%.2f)", processors[p].name, operations / bench::median(by_hand[p]), known / bench::median(by_hand[p]));
    std::printf("\n");
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<int64_t> depths;
  for (int i = 1; i < count; ++i) depths.push_back(std::atoll(arguments[i]));
  if (depths.empty()) depths = {128, 512};
  for (const int64_t side : {128, 256, 512})
    for (const auto depth : depths) compare(side, depth);
}
