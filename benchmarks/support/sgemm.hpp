#pragma once

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace bench {

double seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The time of a product of [rows, D] and [cols, D] transposed, from one of at most 4,096 x 4,096, measured when it is called: a
/// yardstick beside each step, since the machine drifts.
class Sgemm {
 public:
  Sgemm(int64_t rows, int64_t cols, int64_t dim)
      : u_(at::randn({std::min<int64_t>(rows, 4096), dim})),
        v_(at::randn({std::min<int64_t>(cols, 4096), dim})),
        product_(at::empty({u_.size(0), v_.size(0)})),
        scale_(static_cast<double>(rows) * static_cast<double>(cols) / static_cast<double>(product_.numel())) {}

  double seconds() {
    return scale_ * seconds_of([&] { at::mm_out(product_, u_, v_.t()); });
  }

 private:
  at::Tensor u_, v_, product_;
  double scale_;
};

/// Times `step` by itself, with the products of its loss before and after: the counter "sgemm" is their time over its own.
void time_beside(Sgemm& sgemm, double products, benchmark::State& state, const auto& step) {
  double floor = 0, ours = 0;
  for (auto _ : state) {
    const auto before = sgemm.seconds();
    const auto seconds = seconds_of(step);
    state.SetIterationTime(seconds);
    ours += seconds;
    floor += (before + sgemm.seconds()) / 2;
  }
  state.counters["sgemm"] = products * floor / ours;
}

}  // namespace bench
