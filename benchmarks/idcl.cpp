// IDCL forward and backward: fused, streaming and dense, against the released formula composed in C++, and against sgemm.
//
//   bench_idcl [--benchmark_filter=...]      OMP_NUM_THREADS sets the threads
//
// Counters: GFLOP/s of the released formula's 8 B^2 D (4 B^2 D x 2 directions for the pair); "sgemm" is the time of those products,
// measured right before and after, over ours: above 1 where symmetry saves products. peak_MiB counts tensors alive beyond inputs.

#include "support/peak_bytes.hpp"
#include "support/sgemm.hpp"

#include <idcl/losses/idcl.hpp>

#include <benchmark/benchmark.h>

namespace {

namespace F = idcl::functional;
using at::Tensor;

/// The authors' formula, one direction, as their Python composes it.
Tensor released(const Tensor& anchor, const Tensor& target, int64_t k, double temperature) {
  const auto unit = [](const Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-12); };
  const auto b = anchor.size(0);
  auto positive = at::zeros({b, b}, anchor.options());
  {
    const at::NoGradGuard no_grad;
    const auto a = unit(anchor);
    auto similarity = at::mm(a, a.t());
    similarity.fill_diagonal_(-INFINITY);
    positive.scatter_(1, std::get<1>(similarity.topk(std::min(k, b - 1), -1)), 1.0);
  }
  const auto m = unit(target);
  const auto logits = at::mm(m, m.t()) / temperature;
  const auto e = at::exp(logits - std::get<0>(logits.max(1, true))) * (1 - at::eye(b, anchor.options()));
  return -(at::log((e * positive).sum(1) + 1e-8) - at::log(e.sum(1) + 1e-8)).mean();
}

enum class Way { Fused, FusedPair, Streaming, StreamingPair, Dense, Released };

void idcl_loss(benchmark::State& state, Way way) {
  const auto b = state.range(0), d = state.range(1);
  at::manual_seed(0);
  auto anchor = at::randn({b, d}), target = at::randn({b, d}).requires_grad_();
  const bool pair = way == Way::FusedPair || way == Way::StreamingPair;
  if (pair) anchor.requires_grad_();
  const auto options = idcl::IDCLLossOptions().evaluator(way == Way::Dense                            ? idcl::Evaluator::Dense
                                                         : way == Way::Fused || way == Way::FusedPair ? idcl::Evaluator::Fused
                                                                                                      : idcl::Evaluator::Streaming);
  const auto step = [&] {
    anchor.mutable_grad() = Tensor();
    target.mutable_grad() = Tensor();
    const auto loss = way == Way::Released ? released(anchor, target, 15, 0.1)
                      : pair               ? F::idcl_pair_loss(anchor, target, options)
                                           : F::idcl_loss(anchor, target, options);
    loss.backward();
  };
  bench::Sgemm sgemm(b, b, d);
  const auto peak = bench::peak_of(step);
  const auto gradients = (pair ? 2 : 1) * b * d * static_cast<int64_t>(sizeof(float));
  const double products = pair ? 8 : 4;  // of B x B x D, in the released formula
  bench::time_beside(sgemm, products, state, step);
  state.counters["GFLOP/s"] =
      benchmark::Counter(products * 2 * static_cast<double>(b * b * d) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MiB"] = static_cast<double>(peak - gradients) / (1 << 20);
  state.counters["process_MiB"] = bench::peak_process_mib();
}

void sizes(benchmark::internal::Benchmark* it) {
  it->ArgNames({"B", "D"})->Args({128, 512})->Args({1024, 512})->Args({8192, 512})->UseManualTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(idcl_loss, fused, Way::Fused)->Apply(sizes)->Args({17, 8})->Args({65536, 128})->Args({65536, 512});
BENCHMARK_CAPTURE(idcl_loss, fused_pair, Way::FusedPair)->Apply(sizes);
BENCHMARK_CAPTURE(idcl_loss, streaming, Way::Streaming)->Apply(sizes);
BENCHMARK_CAPTURE(idcl_loss, streaming_pair, Way::StreamingPair)->Apply(sizes);
BENCHMARK_CAPTURE(idcl_loss, dense, Way::Dense)->Apply(sizes);
BENCHMARK_CAPTURE(idcl_loss, released_formula, Way::Released)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
