// A full-batch training step of the emotion trainer on dialogs of IEMOCAP's lengths, whole and by part, beside the products that no
// implementation can avoid.
//
//   bench_merc_step                        Google Benchmark's table; counters in seconds: forward, loss, backward, optimizer, sgemm
//   bench_merc_step --serve [--threads=N]  a step for every line on stdin, a line of JSON for each: what compare_merc_step.py alternates
//   with

#include "model/network.hpp"
#include "train/adam.hpp"
#include "train/objective.hpp"
#include "train/process.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <iostream>
#include <numeric>
#include <string>

namespace {

using namespace merc;

constexpr int64_t kDialogs = 108, kUtterances = 5163, kShortest = 8, kLongest = 94, kText = 768, kAudio = 100, kClasses = 6;

/// Lengths with the sum, the mean square and the extremes of the training split; the same as in compare_merc_step.py.
std::vector<int64_t> lengths() {
  std::vector<int64_t> drawn;
  for (int64_t i = 0; i < kDialogs; ++i) {
    const double p = (static_cast<double>(i) + 0.5) / kDialogs;
    drawn.push_back(std::clamp(static_cast<int64_t>(std::floor(47.8 + 9.2 * std::log(p / (1 - p)) + 0.5)), kShortest, kLongest));
  }
  const int64_t surplus = std::accumulate(drawn.begin(), drawn.end(), int64_t{0}) - kUtterances;
  for (int64_t i = 0; i < std::abs(surplus); ++i) drawn[static_cast<size_t>(kDialogs / 2 + i)] -= surplus > 0 ? 1 : -1;
  return drawn;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The products that no implementation of a step can avoid, each shape timed once, times how often it occurs.
class Products {
 public:
  explicit Products(int64_t hidden) {
    layer(hidden, 3 * hidden, 2);  // queries, keys and values
    layer(hidden, hidden, 8);      // context, both of the feed-forward, gate
    layer(hidden, kClasses, 2);
    for (const auto width : {kText, kAudio}) {  // the features need no gradient
      add(kUtterances, hidden, width, 1);
      add(hidden, width, kUtterances, 1);
    }
  }

  double seconds() {
    double total = 0;
    for (auto& [a, b, c, times] : products_) {
      const double begin = now();
      at::mm_out(c, a, b);
      total += (now() - begin) * times;
    }
    return total;
  }

 private:
  void add(int64_t m, int64_t n, int64_t k, double times) {
    products_.push_back({at::rand({m, k}), at::rand({n, k}).t(), at::rand({m, n}), times});
  }

  void layer(int64_t in, int64_t out, double times) {
    add(kUtterances, out, in, times);  // forward
    add(kUtterances, in, out, times);  // gradient of the input
    add(out, in, kUtterances, times);  // gradient of the weights
  }

  struct Product {
    Tensor a, b, c;
    double times;
  };
  std::vector<Product> products_;
};

struct Seconds {
  double whole = 0, cpu = 0, forward = 0, loss = 0, backward = 0, optimizer = 0, sgemm = 0;
};

/// A training step of the default preset.
class Step {
 public:
  Step()
      : network_(NetworkOptions{.architecture = {}, .widths = {{"text", kText}, {"audio", kAudio}}, .classes = kClasses}),
        adam_(*network_, 1e-4),
        dropout_(0.5, 1) {
    initialize(*network_, 0);
    batch_.layout = Layout::packed(lengths());
    batch_.features = {at::randn({kUtterances, kText}), at::randn({kUtterances, kAudio})};
    batch_.labels = at::randint(kClasses, {kUtterances}, at::kLong);
  }

  Seconds run(Products& products) {
    const double before = products.seconds();
    auto bank = MemoryBank::none();
    const double begin = now(), cpu = cpu_now();
    const auto terms = accumulate(*network_, batch_, {}, bank, dropout_);
    const double graph = now();
    adam_.step(/*learning_rate=*/1e-3, /*clip=*/5.0);
    const double end = now(), cpu_end = cpu_now();
    return {.whole = end - begin,
            .cpu = cpu_end - cpu,
            .forward = terms.seconds.forward,
            .loss = terms.seconds.loss,
            .backward = terms.seconds.backward,
            .optimizer = end - graph,
            .sgemm = (before + products.seconds()) / 2};
  }

 private:
  Network network_;
  Adam adam_;
  Dropout dropout_;
  Batch batch_;
};

int serve(int threads) {
  at::set_num_threads(threads);
  Products products(Architecture{}.hidden);
  products.seconds();
  const double idle = resident_peak_mib();
  Step step;
  for (std::string line; std::getline(std::cin, line);) {
    const auto s = step.run(products);
    std::cout << "{\"seconds\": " << s.whole << ", \"cpu_seconds\": " << s.cpu << ", \"forward\": " << s.forward << ", \"loss\": " << s.loss
              << ", \"backward\": " << s.backward << ", \"optimizer\": " << s.optimizer << ", \"sgemm\": " << s.sgemm
              << ", \"mib\": " << resident_peak_mib() - idle << "}" << std::endl;
  }
  return 0;
}

void full_batch_step(benchmark::State& state) {
  at::set_num_threads(static_cast<int>(state.range(0)));
  Products products(Architecture{}.hidden);
  products.seconds();
  const double idle = resident_peak_mib();
  Step step;
  step.run(products);
  Seconds sum;
  for (auto _ : state) {
    const auto s = step.run(products);
    state.SetIterationTime(s.whole);
    sum.forward += s.forward;
    sum.loss += s.loss;
    sum.backward += s.backward;
    sum.optimizer += s.optimizer;
    sum.sgemm += s.sgemm;
    sum.whole += s.whole;
  }
  const auto mean = [](double value) { return benchmark::Counter(value, benchmark::Counter::kAvgIterations); };
  state.counters["forward"] = mean(sum.forward);
  state.counters["loss"] = mean(sum.loss);
  state.counters["backward"] = mean(sum.backward);
  state.counters["optimizer"] = mean(sum.optimizer);
  state.counters["sgemm"] = mean(sum.sgemm);
  state.counters["sgemm_share"] = sum.sgemm / sum.whole;
  if (state.range(0) == 1) state.counters["peak_mib"] = resident_peak_mib() - idle;  // a peak is reached once
}
BENCHMARK(full_batch_step)->ArgName("threads")->Arg(1)->Arg(2)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  int threads = 1;
  bool serving = false;
  for (int i = 1; i < argc; ++i) {
    serving = serving || std::strcmp(argv[i], "--serve") == 0;
    if (std::strncmp(argv[i], "--threads=", 10) == 0) threads = std::stoi(argv[i] + 10);
  }
  if (serving) return serve(threads);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
