#pragma once

#include "commands/run.hpp"
#include "report/ablation.hpp"

#include <string>
#include <vector>

namespace merc::commands {

/// A setting of a comparison: what it is called, and how it is trained.
struct Variant {
  std::string name;
  Config config;  ///< its seed is the first of them
};

/// Trains every variant with `seeds` seeds into a folder each, NAME-seedS in `folder`, all variants of a seed before the next; those that
/// are finished are kept. `pretrain` is for the variants of setting C.
///
/// Throws UsageError where a folder holds a finished run of another configuration or other data, Interrupted where the user stops.
Settings train_all(const OutputFolder& folder, const std::vector<Variant>& variants, int seeds, const Corpus& data, OptionalCorpus pretrain,
                   Verbosity verbosity);

}  // namespace merc::commands
