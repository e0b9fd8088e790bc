#pragma once

#include <ATen/Parallel.h>

/// So many threads in its scope, and then as many as before.
struct Threads {
  int before = at::get_num_threads();
  explicit Threads(int count) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before); }
};
