// at::parallel_for in a file that only links idcl::idcl must run on two threads.
#include <idcl/losses/idcl.hpp>

#include <ATen/Parallel.h>

#include <array>
#include <iostream>
#include <thread>

int main() {
  if (std::thread::hardware_concurrency() < 2) {
    std::cout << "skipped: one processor\n";
    return 77;
  }
  at::set_num_threads(2);
  std::array<std::thread::id, 2> ran;
  at::parallel_for(0, 2, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ran[static_cast<size_t>(i)] = std::this_thread::get_id();
  });
  std::cout << (ran[0] != ran[1] ? "two threads\n" : "one thread: at::parallel_for was compiled without OpenMP\n");
  return ran[0] != ran[1] ? 0 : 1;
}
