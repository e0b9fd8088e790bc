#pragma once

#include <idcl/engine/workspace.hpp>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace bench {

/// Counts the bytes of CPU tensors that are alive, and their peak, while it is in scope; also what autograd's threads allocate.
class PeakBytes {
 public:
  PeakBytes() : counter_(std::make_shared<Counter>()), guard_(c10::DebugInfoKind::PROFILER_STATE, counter_) {}

  /// The largest number of bytes alive at once beyond those at the start.
  int64_t peak() const { return counter_->peak; }

 private:
  struct Counter : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void* pointer, int64_t size, size_t, size_t, c10::Device) override {
      const std::lock_guard lock(mutex);
      if (size > 0) {
        sizes[pointer] = size;
        alive += size;
        peak = std::max(peak, alive);
      } else if (const auto found = sizes.find(pointer); found != sizes.end()) {
        alive -= found->second;  // of older tensors nothing is known, and they are not ours
        sizes.erase(found);
      }
    }
    bool memoryProfilingEnabled() const override { return true; }

    std::mutex mutex;
    std::unordered_map<void*, int64_t> sizes;
    int64_t alive = 0, peak = 0;
  };

  std::shared_ptr<Counter> counter_;
  c10::DebugInfoGuard guard_;
};

/// The bytes that `work` holds at its peak beyond those at the start, its workspace among them.
int64_t peak_of(const auto& work) {
  idcl::release_workspace();
  const PeakBytes bytes;
  work();
  return bytes.peak();
}

/// Peak resident memory of this process so far, in MiB (Linux; 0 elsewhere).
inline double peak_process_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

}  // namespace bench
