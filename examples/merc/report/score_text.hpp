#pragma once

#include "report/metrics.hpp"
#include "report/table.hpp"

#include <string>
#include <vector>

namespace merc {

/// Scores for a reader, in percent: a line of the four figures, a table of the classes, the confusion matrix with rows = truth.
std::string score_text(const Scores& scores, const std::vector<std::string>& label_names);

}  // namespace merc
