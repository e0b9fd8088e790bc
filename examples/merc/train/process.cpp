#include "process.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <sys/resource.h>

namespace merc {

double resident_peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);  // bytes
#else
  return static_cast<double>(usage.ru_maxrss) / (1 << 10);  // KiB
#endif
}

void set_up_torch(int64_t threads, bool deterministic) {
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  at::globalContext().setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
}

}  // namespace merc
