#pragma once

#include "commands/train_all.hpp"

namespace merc::commands {

/// Trains one setting over the folds that the flags ask for, a run a fold in a folder of its own; --out gets results.json and
/// predictions.csv of all tests together, and summary.json for `report`. Returns the status.
///
/// Throws UsageError, DataError and Interrupted as train_all does; where a fold failed, the others are kept and nothing is pooled.
int cross_validate(const TrainFlags& flags, const JobFlags& jobs, const Variant& setting);

}  // namespace merc::commands
