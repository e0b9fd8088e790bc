#pragma once

#include "commands/train_all.hpp"

#include <filesystem>
#include <map>

namespace merc::commands {

/// A run of a comparison.
struct PlannedRun {
  std::string name;
  std::filesystem::path folder;
  Config config;
  std::size_t fold = 0;
  int session = 0;  ///< that the fold holds out; 0: none
};

/// Why runs failed, by their place in the plan.
using Faults = std::map<std::size_t, std::string>;

/// Says that a run is finished, and its score, from what it left in its folder.
void say_finished(const PlannedRun& run);

/// Trains runs in processes of their own, `jobs.at_once` at a time, each an idcl-merc train whose words are at the head of train.log in its
/// folder. Where there is a limit on memory, a second one begins only when the first has shown how much it takes (`peak_mib`: what runs
/// before it did, 0 where there were none), and no more run than fit under the limit by the largest peak so far; one always may.
///
/// Throws Interrupted where the user stops: then all have been asked to, and their states are in their folders.
Faults train_in_processes(const std::vector<PlannedRun>& runs, const Jobs& jobs, double peak_mib, Verbosity verbosity);

}  // namespace merc::commands
