#pragma once

#include <chrono>
#include <cstdint>

namespace merc {

/// Seconds since the last lap.
class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> seconds = now - last_;
    last_ = now;
    return seconds.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// Largest resident memory of this process so far, in MiB.
double resident_peak_mib();

/// Gives LibTorch so many threads, 0: as it chose, and tells it whether to refuse what has no deterministic implementation.
void set_up_torch(int64_t threads, bool deterministic);

}  // namespace merc
