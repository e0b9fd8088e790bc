#pragma once

#include "report/event_file.hpp"
#include "report/files.hpp"
#include "train/trainer.hpp"

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

namespace merc {

/// How much a run says.
enum class Verbosity {
  Quiet,  ///< nothing
  Lines,  ///< about twenty lines a stage: files, pipes
  Bar     ///< one line that is drawn over: terminals
};

/// `Bar` where standard output is a terminal, else `Lines`; `Quiet` when asked for.
Verbosity verbosity(bool quiet);

/// "1:05:09", "2:07", "12 s", "1.3 s".
std::string duration(double seconds);

/// Shows where a run stands, keeps metrics.jsonl and, beside it, events for TensorBoard.
class Progress : public Observer {
 public:
  /// `name` opens every line ("A, seed 1"); `metrics` is the file that gets a line an epoch.
  Progress(std::string name, Verbosity verbosity, const std::filesystem::path& metrics, std::ostream& out);
  ~Progress() override;

  void note(const std::string& line) override;
  void resumed(const std::vector<EpochRecord>& history) override;
  void batch(const std::string& stage, int64_t epoch, int64_t epochs, int64_t done, int64_t of) override;
  void epoch(const EpochRecord& record) override;

  /// The last epoch that was seen, if any.
  const std::optional<EpochRecord>& last() const { return last_; }

 private:
  using Clock = std::chrono::steady_clock;

  void print(const std::string& line);
  void draw(const std::string& stage, int64_t epoch, int64_t epochs, double fraction);
  void begin(const std::string& stage, int64_t epochs_before);
  std::string standing() const;
  void begin_files(const std::vector<EpochRecord>& history);

  std::string name_;
  Verbosity verbosity_;
  std::filesystem::path path_;
  std::optional<EventFile> events_;
  std::optional<LineFile> metrics_;  ///< begun with the first epoch, so that a run that cannot begin leaves the old one alone
  std::ostream& out_;
  std::string stage_;
  int64_t epochs_before_ = 0;  ///< of this stage, done when this process came to it
  Clock::time_point began_;
  Clock::time_point drawn_;
  std::optional<EpochRecord> last_;
  std::optional<EpochRecord> best_;
  bool on_bar_ = false;
};

}  // namespace merc
