#pragma once

#include "data/rearrange.hpp"
#include "report/metrics.hpp"
#include "train/trainer.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What a run leaves behind: results.json, predictions.csv, metrics.jsonl. All scores are fractions.
namespace merc {

/// A corpus that a run needs beside its main one.
using OptionalCorpus = std::optional<std::reference_wrapper<const Corpus>>;

/// The scores of predictions.
Scores score(const Predictions& predictions);

/// {"accuracy", "weighted_f1", "macro_f1", "uar", "per_class": [{"label", "precision", "recall", "f1", "support"}], "confusion"};
/// macro_f1 and uar are over all classes.
nlohmann::json scores_json(const Scores& scores, const std::vector<std::string>& label_names);

/// {"path", "format", "fingerprint", "synthetic", "classes", "labels", "splits": {"train": {"dialogs", "utterances"}}, "warnings"}, what was
/// rearranged ("four_way", "test_session"), and "pretrain" with the same of the corpus of stage 1.
nlohmann::json data_json(const Corpus& data, OptionalCorpus pretrain);

/// What data_json says was rearranged.
Arrangement arrangement_of(const nlohmann::json& data);

/// The content of results.json: {"test", "dev", "best_epoch", "peak_test", "seconds_per_epoch", "peak_rss_mib", "config", "data"}.
nlohmann::json results_json(const Outcome& outcome, const Corpus& data, OptionalCorpus pretrain, const Config& config);

/// The content of predictions.csv: vid, utterance (from 0), speaker, truth, prediction, and p_0 ... p_C-1.
///
/// A field with a comma, a quote or a line break stands in quotes (RFC 4180).
std::string predictions_csv(const Predictions& predictions, const Split& split);

/// A row of predictions.csv without its probabilities.
struct PredictionRow {
  std::string vid;
  int truth = 0;
  int prediction = 0;
};

/// Reads predictions.csv back. Throws DataError for a row that has not the fields.
std::vector<PredictionRow> read_predictions(const std::filesystem::path& path);

/// The content of last_epochs.csv: vid, utterance, truth, and the class that each of the last five epochs gives, the newest first:
/// `epoch_30`, `epoch_29`, ...
std::string last_epochs_csv(const Outcome& outcome, const Split& split);

/// Reads last_epochs.csv back: the classes an epoch, the newest first. Throws DataError for a row that has not the fields.
std::vector<std::vector<int>> read_last_epochs(const std::filesystem::path& path);

/// The content of metrics.jsonl: a line an epoch.
std::string metrics_jsonl(const std::vector<EpochRecord>& history);

/// Writes predictions.csv and last_epochs.csv (of the test split, where there is one), then results.json, each whole or not at all: where results.json stands,
/// the run is finished.
void write_results(const std::filesystem::path& folder, const Outcome& outcome, const Corpus& data, OptionalCorpus pretrain,
                   const Config& config);

}  // namespace merc
