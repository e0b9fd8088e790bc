// The miners that return lists, beside the one matrix product that none of them can do without.
//
//   bench_miners [--benchmark_filter=...]      OMP_NUM_THREADS sets the threads
//
// Counter: found, the pairs or triplets in the list. Rows are normal, synthetic; classes have eight elements.

#include "support/miners.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using at::Tensor;

constexpr int64_t kWidth = 128;

Tensor rows(int64_t n) {
  at::manual_seed(0);
  return at::randn({n, kWidth});
}

void product(benchmark::State& state) {
  const auto x = rows(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(at::mm(x, x.t()));
}

void mined(benchmark::State& state, const bench::Miner& miner) {
  const auto x = rows(state.range(0)), labels = at::arange(x.size(0)).floor_divide(8);
  int64_t found = 0;
  for (auto _ : state) found = miner.found(x, labels);
  state.counters["found"] = static_cast<double>(found);
}

void at_sizes(benchmark::internal::Benchmark* benchmark, int64_t largest) {
  for (const int64_t n : {1024, 4096})
    if (n <= largest) benchmark->Arg(n);
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  at_sizes(benchmark::RegisterBenchmark("product", product), 4096);
  for (const auto& miner : bench::miners())
    at_sizes(benchmark::RegisterBenchmark(std::string(miner.name).c_str(), mined, miner), miner.largest);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
