#include "report/progress.hpp"

#include "report/results.hpp"

#include <nlohmann/json.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <utility>

namespace merc {
namespace {

std::string number(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Verbosity verbosity(bool quiet) {
  if (quiet) return Verbosity::Quiet;
  return ::isatty(STDOUT_FILENO) ? Verbosity::Bar : Verbosity::Lines;
}

std::string duration(double seconds) {
  const auto total = static_cast<int64_t>(seconds + 0.5);
  char buffer[64];
  if (seconds < 9.95)
    std::snprintf(buffer, sizeof buffer, seconds < 0.1 ? "%.3f s" : "%.1f s", seconds);
  else if (total < 60)
    std::snprintf(buffer, sizeof buffer, "%d s", static_cast<int>(total));
  else if (total < 3600)
    std::snprintf(buffer, sizeof buffer, "%d:%02d", static_cast<int>(total / 60), static_cast<int>(total % 60));
  else
    std::snprintf(buffer, sizeof buffer, "%d:%02d:%02d", static_cast<int>(total / 3600), static_cast<int>(total / 60 % 60),
                  static_cast<int>(total % 60));
  return buffer;
}

Progress::Progress(std::string name, Verbosity verbosity, const std::filesystem::path& metrics, std::ostream& out)
    : name_(std::move(name)), verbosity_(verbosity), path_(metrics), out_(out) {}

Progress::~Progress() {
  if (on_bar_) out_ << "\r\033[K" << std::flush;
}

void Progress::print(const std::string& line) {
  if (verbosity_ == Verbosity::Quiet) return;
  if (on_bar_) out_ << "\r\033[K";
  on_bar_ = false;
  out_ << name_ << "  " << line << std::endl;
}

void Progress::note(const std::string& line) { print(line); }

void Progress::resumed(const std::vector<EpochRecord>& history) {
  begin_files(history);
  for (const auto& record : history) {
    if (record.best) best_ = record;
    last_ = record;
  }
  if (!last_) return;
  begin(last_->stage, last_->epoch);
  print("goes on after epoch " + std::to_string(last_->epoch) + " of " + std::to_string(last_->epochs) + " (" + last_->stage + ")");
}

void Progress::begin_files(const std::vector<EpochRecord>& history) {
  metrics_.emplace(path_, metrics_jsonl(history));
  events_.emplace(path_.parent_path() / "events.out.tfevents.idcl-merc", history);
}

void Progress::begin(const std::string& stage, int64_t epochs_before) {
  stage_ = stage;
  epochs_before_ = epochs_before;
  began_ = Clock::now();
}

void Progress::batch(const std::string& stage, int64_t epoch, int64_t epochs, int64_t done, int64_t of) {
  if (stage != stage_) begin(stage, epoch - 1);
  using namespace std::chrono_literals;
  if (verbosity_ != Verbosity::Bar || Clock::now() - drawn_ < 50ms) return;
  draw(stage, epoch, epochs,
       (static_cast<double>(epoch - 1) + static_cast<double>(done) / static_cast<double>(std::max<int64_t>(of, 1))) /
           static_cast<double>(epochs));
}

void Progress::epoch(const EpochRecord& record) {
  if (record.stage != stage_) begin(record.stage, record.epoch - 1);
  if (!metrics_) begin_files({});
  metrics_->append(nlohmann::json(record).dump());
  events_->append(record);
  last_ = record;
  if (record.best) best_ = record;
  if (verbosity_ == Verbosity::Bar) {
    draw(record.stage, record.epoch, record.epochs, static_cast<double>(record.epoch) / static_cast<double>(record.epochs));
  } else {
    const auto every = std::max<int64_t>(1, record.epochs / 20);
    if (record.epoch % every == 0 || record.epoch == record.epochs)
      print(record.stage + " " + std::to_string(record.epoch) + "/" + std::to_string(record.epochs) + "  " + standing());
  }
}

/// "loss 1.2345  dev WF1 61.2  contrastive gradient 3.1 % of CE's  best 62.0 at 10"
std::string Progress::standing() const {
  if (!last_ || last_->stage != stage_) return "";
  auto text = "loss " + number("%.4f", last_->loss);
  if (last_->dev) text += "  dev WF1 " + number("%.1f", 100 * last_->dev->weighted_f1);
  if (last_->idcl_gradient_ratio > 0) text += "  contrastive gradient " + number("%.1f", 100 * last_->idcl_gradient_ratio) + " % of CE's";
  if (best_ && best_->stage == stage_ && best_->dev)
    text += "  best " + number("%.1f", 100 * best_->dev->weighted_f1) + " at " + std::to_string(best_->epoch);
  return text;
}

void Progress::draw(const std::string& stage, int64_t epoch, int64_t epochs, double fraction) {
  constexpr int cells = 24;
  const auto full = static_cast<int>(cells * fraction);
  auto line = name_ + "  " + stage + " [" + std::string(full, '#') + std::string(cells - full, '-') + "] " + std::to_string(epoch) + "/" +
              std::to_string(epochs);
  drawn_ = Clock::now();
  const double before = static_cast<double>(epochs_before_) / static_cast<double>(epochs);
  const double spent = std::chrono::duration<double>(drawn_ - began_).count();
  // Times before scores: a narrow terminal cuts off what comes last.
  if (last_ && last_->stage == stage) line += "  " + duration(last_->seconds) + " an epoch";
  if (fraction > before && fraction < 1) line += "  " + duration(spent * (1 - fraction) / (fraction - before)) + " left";
  line += "  " + standing();
  line.resize(std::min(line.size(), terminal_width() - 1));
  out_ << '\r' << line << "\033[K" << std::flush;
  on_bar_ = true;
}

}  // namespace merc
