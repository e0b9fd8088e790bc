#pragma once

#include "adam.hpp"
#include "average.hpp"
#include "batches.hpp"
#include "checkpoint.hpp"
#include "objective.hpp"
#include "process.hpp"

#include <functional>

namespace merc {

/// The optimiser loop that both stages share. The checkpoint is the state of the run; all else follows from it.
class Loop {
 public:
  Loop(Checkpoint& state, Observer& observer, const Run& run) : state_(state), observer_(observer), run_(run) {}

  /// What a stage brings along.
  struct Work {
    NetworkImpl& network;
    Average& average;  ///< of its weights
    const Stage& stage;
    Objective objective;
    Batches batches;
    std::function<void(EpochRecord&)> examine = [](EpochRecord&) {};  ///< completes the record of an epoch
    std::function<bool()> enough = [] { return false; };              ///< ends the stage early
  };

  /// Trains the epochs of the stage that are still to do. Returns false where the run was asked to stop; then the state is saved.
  bool run(Work work);

 private:
  EpochRecord epoch(Work& work, Adam& adam, MemoryBank& bank);

  /// Writes the state to the folder, if there is one.
  void save(const Work& work, const Adam& adam, const MemoryBank& bank);

  Checkpoint& state_;
  Observer& observer_;
  const Run& run_;
  Stopwatch since_saved_;
  double unsaved_seconds_ = 0;
};

}  // namespace merc
