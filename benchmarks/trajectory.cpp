// Distances of all pairs of sequences, soft-DTW forward and backward, and the nearest without the matrix.
//
//   bench_trajectory [--benchmark_filter=...]      OMP_NUM_THREADS sets the threads
//
// Counters: ns_cell is wall time over cells of the table within the band (per pair of places), us_pair over pairs; pruned is the
// share of pairs that lower bounds made unnecessary. Series are smoothed random walks, and dialogs keep to three of six labels: synthetic.

#include <idcl/losses/soft_dtw.hpp>
#include <idcl/trajectory/torch.hpp>

#include <benchmark/benchmark.h>

namespace {

namespace trajectory = idcl::trajectory;
using at::Tensor;

/// [N, L]: random walks about a few shapes, standardised.
Tensor series(int64_t n, int64_t length) {
  at::manual_seed(0);
  const auto shapes = at::randn({n / 16 + 1, length}, at::kDouble).cumsum(1).repeat_interleave(16, 0).narrow(0, 0, n);
  const auto walks = shapes + 0.3 * at::randn({n, length}, at::kDouble).cumsum(1);
  return (walks - walks.mean(1, true)) / walks.std(1, true, true);
}

/// Labels [N, L]: each dialog keeps to three of six, and goes on with the one before about half of the time.
Tensor dialogs(int64_t n, int64_t length) {
  at::manual_seed(0);
  const auto own = std::get<1>(at::rand({n, 6}).topk(3, 1));  // [N, 3]
  const auto labels = own.gather(1, at::randint(3, {n, length}, at::kLong)), repeats = at::rand({n, length}).lt(0.45);
  for (int64_t t = 1; t < length; ++t)
    labels.select(1, t).copy_(at::where(repeats.select(1, t), labels.select(1, t - 1), labels.select(1, t)));
  return labels;
}

Tensor lengths(int64_t n, int64_t length) { return at::full({n}, length, at::kLong); }

void pairwise_dtw(benchmark::State& state) {
  const auto n = state.range(0), length = state.range(1), radius = state.range(2);
  const auto x = series(n, length).unsqueeze(2).to(state.range(3) == 32 ? at::kFloat : at::kDouble);
  const trajectory::Dtw<> measure{.radius = radius};
  for (auto _ : state) benchmark::DoNotOptimize(trajectory::pairwise(measure, x, lengths(n, length)));
  double cells = 0;
  for (int64_t i = 0; i < length; ++i)
    cells += static_cast<double>(std::min(length - 1, i + radius) - std::max<int64_t>(0, i - radius) + 1);
  const auto pairs = static_cast<double>(n * (n + 1) / 2);
  state.counters["ns_cell"] =
      benchmark::Counter(pairs * cells * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["us_pair"] = benchmark::Counter(pairs * 1e-6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void nearest_dtw(benchmark::State& state) {
  const auto n = state.range(0), length = state.range(1), radius = state.range(2);
  const auto x = series(n, length).unsqueeze(2);
  double pruned = 0;
  for (auto _ : state) pruned = trajectory::nearest(trajectory::Dtw<>{.radius = radius}, x, lengths(n, length), 15).pruned;
  state.counters["pruned"] = pruned;
}

/// Warping between labels, radius 0: no band.
trajectory::PerLength<trajectory::Dtw<>> label_warping(int64_t radius) {
  if (radius == 0) return {};
  return {.measure = {.radius = radius}};
}

void nearest_labels(benchmark::State& state) {
  const auto n = state.range(0), length = state.range(1);
  const auto x = dialogs(n, length);
  double pruned = 0;
  for (auto _ : state) pruned = trajectory::nearest(label_warping(state.range(2)), x, lengths(n, length), 15).pruned;
  state.counters["pruned"] = pruned;
}

void within_labels(benchmark::State& state) {
  const auto n = state.range(0), length = state.range(1);
  const auto x = dialogs(n, length);
  trajectory::Within found;
  for (auto _ : state) found = trajectory::within(label_warping(state.range(2)), x, lengths(n, length), 0.2);
  state.counters["pruned"] = found.pruned;
  state.counters["found"] = static_cast<double>(found.indices.size());
}

void soft_dtw(benchmark::State& state) {
  const auto b = state.range(0), length = state.range(1), width = state.range(2);
  at::manual_seed(0);
  const auto x = at::randn({b, length, width}).requires_grad_(), y = at::randn({b, length, width}).requires_grad_();
  const auto options = idcl::SoftDtwLossOptions().divergence(false);
  for (auto _ : state) {
    x.mutable_grad() = Tensor();
    y.mutable_grad() = Tensor();
    idcl::functional::soft_dtw_loss(x, y, options).backward();
  }
  state.counters["ns_cell"] = benchmark::Counter(static_cast<double>(b * length * length) * 1e-9,
                                                 benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

template <class M>
void labels(benchmark::State& state, const M& measure) {
  const auto n = state.range(0), length = state.range(1);
  at::manual_seed(0);
  const auto x = at::randint(6, {n, length}, at::kLong);
  for (auto _ : state) benchmark::DoNotOptimize(trajectory::pairwise(measure, x, lengths(n, length)));
  state.counters["us_pair"] = benchmark::Counter(static_cast<double>(n * (n + 1) / 2) * 1e-6,
                                                 benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(pairwise_dtw)
    ->ArgNames({"N", "L", "radius", "bits"})
    ->ArgsProduct({{512}, {64, 256}, {1 << 20, 16}, {64, 32}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(nearest_dtw)->ArgNames({"N", "L", "radius"})->ArgsProduct({{512}, {64, 256}, {8}})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(nearest_labels)->ArgNames({"N", "L", "radius"})->ArgsProduct({{512}, {50}, {0, 8}})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(within_labels)->ArgNames({"N", "L", "radius"})->ArgsProduct({{512}, {50}, {0, 8}})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(soft_dtw)->ArgNames({"B", "L", "D"})->ArgsProduct({{512}, {64, 256}, {1, 16}})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(labels, segment_histogram, trajectory::SegmentHistogram{})->Args({151, 50})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(labels, bigram, trajectory::Bigram{})->Args({151, 50})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(labels, edit_distance, trajectory::EditDistance<>{})->Args({151, 50})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(labels, optimal_transport, trajectory::OptimalTransport<>{})
    ->Args({151, 50})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(labels, soft_dtw_divergence, trajectory::SoftDtwDivergence<>{.gamma = 0.1})
    ->Args({151, 50})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
