#include "process.hpp"

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

}  // namespace merc
