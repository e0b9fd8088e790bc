#pragma once

#include "report/results.hpp"

#include <string>
#include <vector>

namespace merc {

/// Dialogs of predictions.csv as pictures of truth against prediction over time: a lane a class, a block where the truth is, a dot where
/// the prediction is, hollow where it is wrong. Shows `count` dialogs from the best to the worst recognised, evenly by rank.
std::string strips_html(const std::vector<PredictionRow>& rows, const std::vector<std::string>& label_names, std::size_t count = 6);

}  // namespace merc
