#pragma once

#include "trainer.hpp"

namespace merc {

/// Where in a stage a step is.
struct Step {
  int64_t epoch = 0;    ///< from 0
  double begun = 0;     ///< share of the epoch's steps that are done before it, in [0, 1)
  double finished = 1;  ///< and after it, in (0, 1]
};

/// The learning rate of a step: `schedule` from `learning_rate` down, times min(1, (epoch + finished) / warmup_epochs).
///
///   cosine    (1 + cos(pi t)) / 2, t = (epoch + begun - warmup) / (epochs - warmup), the warm-up aside
///   plateau   factor^n, n counting the times that `patience` epochs in a row had no lower dev loss (training loss where there is no dev)
///
/// `history` holds the epochs of this stage before this one; all follows from it, so that a resumed run needs no state of a schedule.
double learning_rate(const Stage& stage, const Step& step, const std::vector<EpochRecord>& history);

}  // namespace merc
