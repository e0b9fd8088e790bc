#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace merc::commands {

/// Runs of this very program beside it. They end with it: asked to stop as by Ctrl-C, waited for.
class Children {
 public:
  Children() = default;
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children();

  /// Starts one with these words behind the name of the program; what it says is added to a file. `number` is what `ended` calls it by.
  /// Throws DataError where that cannot be done.
  void start(std::size_t number, const std::vector<std::string>& words, const std::filesystem::path& log);

  std::size_t running() const { return processes_.size(); }

  struct Ended {
    std::size_t number;
    std::string fault;    ///< empty where it ended with success, else the last error it said, or how it ended
    double peak_mib = 0;  ///< of its resident memory
  };
  /// One that has ended since this was last asked; it is then no longer counted as running. Does not wait.
  std::optional<Ended> ended();

  /// Asks all to stop in good order.
  void stop() const;

 private:
  struct Child {
    std::size_t number;
    std::filesystem::path log;
    std::uintmax_t said_before;  ///< bytes of the log that are not its own
  };
  std::map<int, Child> processes_;  ///< by process id
};

}  // namespace merc::commands
