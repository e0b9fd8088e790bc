#pragma once

#include "report/run_files.hpp"

#include <string>
#include <vector>

namespace merc {

/// The styles of the sections below.
extern const char* const run_css;

/// The scores of runs side by side, a row a run.
std::string runs_table_html(const std::vector<RunFiles>& runs);

/// One run: its figures, its curves with the selected epoch marked, the classes, the confusion matrix, some dialogs over time.
std::string run_html(const RunFiles& run);

}  // namespace merc
