#pragma once

#include "data/corpus.hpp"

#include <map>
#include <string>

namespace merc {

/// The figures of a split in the float32 values, where those of the source no longer hold.
std::map<std::string, FeatureFigures> figures_of(const Split& split);

}  // namespace merc
