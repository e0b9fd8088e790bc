#pragma once

#include "commands/train_flags.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace merc::commands {

/// The settings that a sweep compares.
struct Search {
  std::vector<std::string> grid;    ///< KEY=VALUE,VALUE...: every combination
  std::vector<std::string> ranges;  ///< KEY=LOW:HIGH, KEY=log:LOW:HIGH or KEY=VALUE,VALUE...: drawn
  int random = 0;                   ///< how many draws from the ranges, each taken with every combination of the grid
};

/// The settings of a search, the draws in order, the last key of the grid changing fastest.
///
/// A number of a range is uniform between its bounds, or its logarithm is; it is rounded to three digits, or to a whole number where the
/// flag wants one, both bounds included. No draw comes twice. The n-th follows from the seed, the ranges and n, so that asking for more keeps
/// those before. Throws UsageError that names the flag for what makes no sense.
std::vector<Assignments> settings_of(const Search& search, uint64_t seed);

/// "learning-rate=0.001,fusion=gated": what a setting and its folders are called.
std::string name_of(const Assignments& setting);

}  // namespace merc::commands
