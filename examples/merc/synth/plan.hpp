#pragma once

#include "synth/recipe.hpp"

#include <string>
#include <vector>

namespace merc::synth {

/// One dialog before anything is said in it.
struct Plan {
  std::string id;
  int scenario = 0;
  std::vector<std::string> voices;    ///< who may speak, by a name that is unique in the corpus
  std::vector<std::string> speakers;  ///< the same people as the corpus names them: "F" and "M", or "0" to "8"
};

/// The dialogs of the three splits.
struct Plans {
  std::vector<Plan> train, dev, test;
};

/// Who plays what: ids, scenarios and speakers of every split, in the order of the corpus.
///
/// IEMOCAP shape: the shares of 108, 12 and 31 dialogs; the test is Session 5, the others share Sessions 1 to 4, dev being the first tenth
/// of them in a random order. A session plays each scenario with either speaker in front before it plays one again. MELD shape: the shares
/// of 1,038, 114 and 280 dialogs, numbered through.
Plans plan(const Recipe& recipe);

}  // namespace merc::synth
