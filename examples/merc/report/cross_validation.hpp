#pragma once

#include "data/folds.hpp"
#include "report/metrics.hpp"
#include "train/config.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace merc {

/// What the runs of a cross-validation say together.
struct PooledFolds {
  Scores scores;            ///< of the tests of all folds together
  nlohmann::json results;   ///< the content of results.json
  std::string predictions;  ///< the content of predictions.csv: those of the folds below each other
};

/// From the folders of finished runs, one a fold:
///
/// {"test": as of a run, of the tests of all folds together; "folds": [{"test_session", "folder", "test", "dev", "best_epoch", "peak_test"}],
///  "over_folds": {"accuracy", "weighted_f1", "macro_f1", "uar": {"mean", "std", "interval"}}, "config", "data"}
///
/// "interval" is the 95 % one of the mean by Student's t. Throws DataError where a file of a run is missing or damaged.
PooledFolds pool_folds(const std::vector<std::filesystem::path>& folders, Folds& folds, const Config& config);

}  // namespace merc
