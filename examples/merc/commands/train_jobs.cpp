#include "commands/train_jobs.hpp"

#include "commands/children.hpp"
#include "commands/command.hpp"
#include "commands/interrupt.hpp"
#include "report/files.hpp"
#include "report/run_files.hpp"
#include "report/table.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

namespace merc::commands {
namespace {

/// The words of idcl-merc for a run, its share of the threads among them.
std::vector<std::string> words_of(const PlannedRun& run, const Jobs& jobs) {
  auto config = run.config;
  const auto threads = config.threads > 0 ? config.threads : static_cast<int64_t>(std::thread::hardware_concurrency());
  config.threads = std::max<int64_t>(1, threads / jobs.at_once);
  std::vector<std::string> words{"train", "--data", jobs.data};
  if (config.ablation == Ablation::C) words.insert(words.end(), {"--pretrain-data", jobs.pretrain});
  auto arrangement = jobs.arrangement;
  if (run.session != 0) arrangement.test_session = run.session;
  const auto splits = SplitFlags::words(arrangement);
  words.insert(words.end(), splits.begin(), splits.end());
  words.insert(words.end(), {"--out", run.folder.string(), "--resume"});
  const auto flags = TrainFlags::words(config);
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

std::string line_of(const std::vector<std::string>& words) {
  std::string line = "idcl-merc";
  for (const auto& word : words) line += ' ' + word;
  return line + '\n';
}

}  // namespace

void say_finished(const PlannedRun& run) {
  const auto results = read_json(run.folder / "results.json", "train it anew");
  const auto epochs = run.config.finetune.epochs;
  std::cout << run.name << "  ";
  if (results.contains("test")) std::cout << "test weighted F1 " << percent(results["test"]["weighted_f1"]) << ", ";
  std::cout << "epoch " << results["best_epoch"] << " of " << epochs << ", "
            << duration(results["seconds_per_epoch"].get<double>() * static_cast<double>(epochs)) << std::endl;
}

Faults train_in_processes(const std::vector<PlannedRun>& runs, const Jobs& jobs, double peak_mib, Verbosity verbosity) {
  const Interruptible interruptible;
  Children children;
  Faults faults;
  const bool says = verbosity != Verbosity::Quiet;
  const auto limit = static_cast<double>(jobs.memory_limit_mib);
  const auto fits = [&] {
    const auto running = children.running();
    return running == 0 || limit == 0 || (peak_mib > 0 && static_cast<double>(running + 1) * peak_mib <= limit);
  };
  const auto measure = [&](double mib) {
    if (says && limit > 0 && mib > limit && peak_mib <= limit)
      std::cout << "a run takes " << static_cast<int64_t>(mib) << " MiB, more than --memory-limit-mib " << jobs.memory_limit_mib
                << ": one at a time" << std::endl;
    peak_mib = std::max(peak_mib, mib);
  };

  bool stopping = false;
  for (std::size_t next = 0; children.running() > 0 || (next < runs.size() && !stopping);) {
    if (!stopping && Interruptible::requested()) {
      stopping = true;
      children.stop();
    }
    while (!stopping && next < runs.size() && children.running() < static_cast<std::size_t>(jobs.at_once) && fits()) {
      const auto words = words_of(runs[next], jobs);
      const auto log = runs[next].folder / "train.log";
      std::filesystem::create_directories(runs[next].folder);
      append_file(log, line_of(words));
      children.start(next, words, log);
      if (says) std::cout << runs[next].name << "  started" << std::endl;
      ++next;
    }
    const auto ended = children.ended();
    if (!ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    if (!ended->fault.empty()) {
      if (!stopping) faults[ended->number] = ended->fault;
      if (says && !stopping) std::cout << runs[ended->number].name << "  failed: " << ended->fault << std::endl;
      continue;
    }
    measure(ended->peak_mib);
    if (says) say_finished(runs[ended->number]);
  }
  if (stopping) throw Interrupted{"the runs that had begun; their states are in their folders"};
  return faults;
}

}  // namespace merc::commands
