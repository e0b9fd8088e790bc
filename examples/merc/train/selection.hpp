#pragma once

#include "trainer.hpp"

namespace merc {

/// Whether an epoch beats the best before it. Never by the test score unless that is what was asked for.
inline bool is_better(const EpochRecord& epoch, const EpochRecord& best, Selection selection) {
  switch (selection) {
    case Selection::DevWeightedF1:
      return epoch.dev->weighted_f1 > best.dev->weighted_f1 ||
             (epoch.dev->weighted_f1 == best.dev->weighted_f1 && epoch.dev->loss < best.dev->loss);
    case Selection::DevLoss:
      return epoch.dev->loss < best.dev->loss;
    case Selection::TestWeightedF1:
      return epoch.test->weighted_f1 > best.test->weighted_f1;
    case Selection::Last:
      return true;
  }
  return true;
}

inline bool needs_dev(Selection selection) { return selection == Selection::DevWeightedF1 || selection == Selection::DevLoss; }

}  // namespace merc
