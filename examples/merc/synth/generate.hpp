#pragma once

#include "data/corpus.hpp"
#include "synth/recipe.hpp"

namespace merc::synth {

/// The corpus of a recipe, splits included. Throws std::invalid_argument for a recipe that makes no sense.
Corpus generate(const Recipe& recipe);

}  // namespace merc::synth
