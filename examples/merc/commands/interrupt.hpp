#pragma once

namespace merc::commands {

/// While one of these lives, the first Ctrl-C (or SIGTERM) is a request to stop in good order; the second ends the program.
class Interruptible {
 public:
  Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  ~Interruptible();

  /// Whether somebody asked to stop.
  static bool requested();
};

}  // namespace merc::commands
