#pragma once

#include "commands/run.hpp"
#include "commands/train_flags.hpp"
#include "report/ablation.hpp"

#include <string>
#include <vector>

namespace merc::commands {

/// A setting of a comparison: what it is called, and how it is trained.
struct Variant {
  std::string name;
  Config config;  ///< its seed is the first of them
};

/// What a comparison is trained on.
struct Corpora {
  Folds& folds;
  OptionalCorpus pretrain;  ///< for the variants of setting C
};

/// The corpus that the flags ask for, and says what it is. Where it is split anew for every fold, what its own splits are gives no warning.
Corpus load_and_say(const TrainFlags& flags);

/// How the runs of a comparison are carried out.
struct Jobs {
  int at_once = 1;               ///< 1: one after the other in this process; else in processes of their own, which share the threads
  int64_t memory_limit_mib = 0;  ///< for all of them together; 0: none
  std::string data, pretrain;    ///< where the processes find the corpora
  Arrangement arrangement;       ///< of the data, without the session of a fold
};

/// The flags that say so.
class JobFlags {
 public:
  explicit JobFlags(CLI::App& app);
  Jobs of(const TrainFlags& flags) const {
    return {at_once_, memory_limit_mib_, flags.data(), flags.pretrain_data(), flags.splits().arrangement()};
  }
  bool said() const { return at_once_ != 1 || memory_limit_mib_ != 0; }

 private:
  int at_once_ = 1;
  int64_t memory_limit_mib_ = 0;
};

/// What came of a comparison.
struct Trained {
  Settings settings;    ///< those of which every run is finished
  std::string failure;  ///< one line that names the runs that failed and why the first did; empty where none did
};

/// Trains every variant with `seeds` seeds into a folder each, NAME-seedS in `folder`, all variants of a seed before the next; those that
/// are finished are kept, and a run that fails keeps no other from its end. Of several folds each has a folder, NAME-sessionN-seedS.
///
/// Throws UsageError where a folder holds a finished run of another configuration or other data, before anything is trained; Interrupted
/// where the user stops.
Trained train_all(const OutputFolder& folder, const std::vector<Variant>& variants, int seeds, const Corpora& corpora, const Jobs& jobs,
                  Verbosity verbosity);

}  // namespace merc::commands
