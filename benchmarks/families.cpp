// A representative of each family of losses, forward and backward: as `Auto` chooses, streaming, and dense where that has a place.
//
//   bench_families [--benchmark_filter=circle]      OMP_NUM_THREADS sets the threads
//
// "sgemm" is the time of the products that the dense formula needs, measured right before and after, over ours: above 1 where symmetry
// saves products. peak_MiB counts tensors alive beyond inputs and gradients.

#include "support/families.hpp"
#include "support/peak_bytes.hpp"
#include "support/sgemm.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

namespace {

constexpr int64_t kClasses = 1000;

void step_of(benchmark::State& state, const bench::Family& family, idcl::Evaluator evaluator) {
  const auto n = state.range(0), d = state.range(1);
  at::manual_seed(0);
  const auto unit_rows = [&] { return idcl::similarity::Cosine{}.embed(at::randn({n, d})).requires_grad_(); };
  const bench::Batch batch{.x = unit_rows(),
                           .y = unit_rows(),
                           .labels = at::arange(n).div(8, "floor").remainder(kClasses),
                           .proxies = at::randn({kClasses, d}).requires_grad_()};
  const auto step = [&] {
    for (auto leaf : {batch.x, batch.y, batch.proxies}) leaf.mutable_grad() = at::Tensor();
    family.loss(batch, evaluator).backward();
  };
  const auto peak = bench::peak_of(step);
  int64_t gradients = 0;
  for (const auto& leaf : {batch.x, batch.y, batch.proxies})
    if (leaf.grad().defined()) gradients += static_cast<int64_t>(leaf.grad().nbytes());
  bench::Sgemm sgemm(n, family.proxies ? kClasses : n, d);
  bench::time_beside(sgemm, family.products, state, step);
  state.counters["peak_MiB"] = static_cast<double>(peak - gradients) / (1 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  const auto families = bench::families();
  for (const auto& family : families) {
    for (const auto& [suffix, evaluator] :
         {std::pair{"/auto", idcl::Evaluator::Auto}, {"/streaming", idcl::Evaluator::Streaming}, {"/dense", idcl::Evaluator::Dense}}) {
      const auto dense = evaluator == idcl::Evaluator::Dense;
      const auto name = std::string(family.name) + suffix;
      auto* it = benchmark::RegisterBenchmark(name.c_str(), step_of, family, evaluator);
      it->ArgNames({"N", "D"})->UseManualTime()->Unit(benchmark::kMillisecond);
      for (const int64_t d : {512, 128})
        for (const int64_t n : {1024, 4096, 8192})
          if (!dense || n <= family.largest_dense) it->Args({n, d});
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
