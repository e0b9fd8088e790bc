#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>

namespace idcl {

using at::Tensor;

namespace engine {

/// The tile buffer of the calling thread, kept between calls so that no call pays for fresh pages.
class Workspace {
 public:
  static Workspace& of_this_thread() {
    thread_local Workspace workspace;
    return workspace;
  }

  /// A buffer of at least `count` elements of `options`' type and device; its content is undefined. Valid until the next call.
  Tensor take(int64_t count, const at::TensorOptions& options) {
    const auto bytes = count * static_cast<int64_t>(options.dtype().itemsize());
    if (!buffer_.defined() || buffer_.device() != options.device() || buffer_.numel() < bytes) {
      buffer_ = Tensor();
      buffer_ = at::empty({std::max<int64_t>(bytes, 1)}, at::TensorOptions().dtype(at::kByte).device(options.device()));
    }
    return buffer_.narrow(0, 0, bytes).view(options.dtype().toScalarType());
  }

  void release() { buffer_ = Tensor(); }
  int64_t bytes() const { return buffer_.defined() ? buffer_.numel() : 0; }

 private:
  Tensor buffer_;
};

}  // namespace engine

/// Gives the calling thread's tile buffer back. It is taken again by the next call that streams.
inline void release_workspace() { engine::Workspace::of_this_thread().release(); }

}  // namespace idcl
