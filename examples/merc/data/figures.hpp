#pragma once

#include "data/corpus.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace merc {

/// The figures of a split in the float32 values, where those of the source no longer hold.
std::map<std::string, FeatureFigures> figures_of(const Split& split);

/// How many utterances of a split have each label, -1 among them.
std::map<int, int64_t> count_labels(const Split& split);

}  // namespace merc
