#include "commands/interrupt.hpp"

#include <csignal>

namespace merc::commands {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

extern "C" void request_stop(int number) {
  stop_requested = 1;
  std::signal(number, SIG_DFL);
}

}  // namespace

Interruptible::Interruptible() {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
}

Interruptible::~Interruptible() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interruptible::requested() { return stop_requested != 0; }

}  // namespace merc::commands
