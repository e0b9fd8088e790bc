// The miners that return lists, beside the one matrix product that none of them can do without.
//
//   bench_miners [--benchmark_filter=...]      OMP_NUM_THREADS sets the threads
//
// Counter: found, the pairs or triplets in the list. Rows are normal, synthetic; classes have eight elements.

#include <idcl/mining/batch_hard.hpp>
#include <idcl/mining/multi_similarity.hpp>
#include <idcl/mining/pair_margin.hpp>
#include <idcl/mining/triplet_margin.hpp>

#include <benchmark/benchmark.h>

namespace {

namespace mining = idcl::mining;
using at::Tensor;

constexpr int64_t kWidth = 128;

Tensor rows(int64_t n) {
  at::manual_seed(0);
  return at::randn({n, kWidth});
}

int64_t found(const mining::Pairs& pairs) { return pairs.anchor_pos.numel() + pairs.anchor_neg.numel(); }
int64_t found(const mining::Triplets& triplets) { return triplets.anchor.numel(); }

void product(benchmark::State& state) {
  const auto x = rows(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(at::mm(x, x.t()));
}

template <class Mine>
void mined(benchmark::State& state, const Mine& mine) {
  const auto x = rows(state.range(0)), labels = at::arange(x.size(0)).floor_divide(8);
  int64_t count = 0;
  for (auto _ : state) count = found(mine(x, labels));
  state.counters["found"] = static_cast<double>(count);
}

const auto batch_hard = [](const Tensor& x, const Tensor& labels) { return mining::batch_hard(x, labels); };
const auto multi_similarity = [](const Tensor& x, const Tensor& labels) { return mining::multi_similarity(x, labels); };
const auto pair_margin = [](const Tensor& x, const Tensor& labels) {
  return mining::pair_margin(x, labels, {.pos_margin = 1.2, .neg_margin = 1.2});
};
const auto semi_hard = [](const Tensor& x, const Tensor& labels) {
  return mining::triplet_margin(x, labels, {.margin = 0.02, .type_of_triplets = mining::TripletKind::SemiHard});
};
const auto all_triplets = [](const Tensor& x, const Tensor& labels) { return mining::triplet_margin(x, labels); };

void sizes(benchmark::internal::Benchmark* benchmark) { benchmark->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond)->UseRealTime(); }

BENCHMARK(product)->Apply(sizes);
BENCHMARK_CAPTURE(mined, batch_hard, batch_hard)->Apply(sizes);
BENCHMARK_CAPTURE(mined, multi_similarity, multi_similarity)->Apply(sizes);
BENCHMARK_CAPTURE(mined, pair_margin, pair_margin)->Apply(sizes);
BENCHMARK_CAPTURE(mined, semi_hard, semi_hard)->Apply(sizes);
BENCHMARK_CAPTURE(mined, all_triplets, all_triplets)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
