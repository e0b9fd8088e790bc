#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace idcl::test {

/// Bytes of CPU tensors that this thread has allocated within a scope and not freed, and the most there were at a time.
class Memory {
 public:
  int64_t current() const { return counter_->current; }
  int64_t peak() const { return counter_->peak; }
  int64_t largest() const { return counter_->largest; }

 private:
  struct Counter : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void* /*pointer*/, int64_t size, std::size_t /*allocated*/, std::size_t /*reserved*/,
                           c10::Device device) override {
      if (!device.is_cpu()) return;
      current += size;  // negative when freed
      peak = std::max(peak, current);
      largest = std::max(largest, size);
    }
    bool memoryProfilingEnabled() const override { return true; }
    int64_t current = 0, peak = 0, largest = 0;
  };

  std::shared_ptr<Counter> counter_ = std::make_shared<Counter>();
  c10::DebugInfoGuard guard_{c10::DebugInfoKind::PROFILER_STATE, counter_};
};

}  // namespace idcl::test
