#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

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

  /// A buffer of `count` elements of `options`' type and device; its content is undefined. The thread's own, or, while somebody holds
  /// that, another: a rule or an objective of the user's, asked in the middle of a tile, may stream tiles itself.
  Tensor take(int64_t count, const at::TensorOptions& options) {
    const c10::InferenceMode ordinary(false);  // what inference mode makes could not be written to afterwards
    if (buffer_.defined() && buffer_.storage().use_count() > 1) return at::empty({count}, options.requires_grad(false));
    constexpr int64_t unit = 16;  // bytes: whole elements of any type
    const auto needed = count * static_cast<int64_t>(options.dtype().itemsize());
    if (!buffer_.defined() || buffer_.device() != options.device() || bytes() < needed) {
      buffer_ = Tensor();
      const auto units = std::max<int64_t>((needed + unit - 1) / unit, 1);
      buffer_ = at::empty({units * unit}, at::TensorOptions().dtype(at::kByte).device(options.device()));
    }
    const auto type = options.dtype().toScalarType();
    if (buffer_.scalar_type() != type) buffer_ = buffer_.view(type);
    return buffer_.as_strided({count}, {1});
  }

  void release() { buffer_ = Tensor(); }
  int64_t bytes() const { return buffer_.defined() ? static_cast<int64_t>(buffer_.nbytes()) : 0; }

 private:
  Tensor buffer_;
};

}  // namespace engine

/// Gives the calling thread's tile buffer back. It is taken again by the next call that streams.
inline void release_workspace() { engine::Workspace::of_this_thread().release(); }

}  // namespace idcl
