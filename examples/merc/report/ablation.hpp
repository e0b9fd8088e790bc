#pragma once

#include "data/folds.hpp"
#include "train/config.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// What finished runs of several settings say together. Everything is read from the run folders.
namespace merc {

/// A setting and the folders of its finished runs by seed, one a fold.
struct Setting {
  std::string name;
  std::map<uint64_t, std::vector<std::filesystem::path>> runs;
};

/// In the order in which they are shown; all have the same seeds.
using Settings = std::vector<Setting>;

/// Compares the settings on the test split, each with each, or those behind `baseline` with it.
///
/// {"seeds", "order", "selection": ["dev"], "settings": {"A": {"accuracy", "weighted_f1", "uar", "weighted_f1_last5", "peak_weighted_f1":
///  {"mean", "std", "values", "interval" (t, null for one seed)}}}, "differences": {"B-A": {"mean", "values", "seed_interval",
///  "dialog_interval", "mcnemar": {"values", "median"}, "verdict", "last5": {the same but the verdict}}},
///  "majority": {"label", "accuracy", "weighted_f1"}, "data"}
///
/// Fractions throughout. `weighted_f1_last5` and `last5` are means over the last five epochs, free of the luck of selection. A difference is a
/// "gain" or a "loss" where both 95 % intervals, over seeds (t) and over dialogs (bootstrap), are on one side of zero; else "none shown".
///
/// Of several folds the scores of a seed are those of all tests together, `weighted_f1_last5` and `peak_weighted_f1` means of the folds, and
/// there are also "folds": [{"test_session", "dialogs", "utterances"}]; in a setting "folds": {"accuracy", "weighted_f1", "uar": {"values" (a
/// fold, its mean over seeds), "mean", "std", "interval" (t)}}; in a difference "folds" and "fold_interval", on whose side of zero a gain or
/// a loss has to be as well.
nlohmann::json compare_settings(const Settings& settings, Folds& folds, const std::string& baseline = "");

/// Accuracy and weighted F1 of A, B and C in percent, on IEMOCAP, one seed, selected on dev: Neuro-AI-Lab/IDCL, README. As "paper" in a
/// comparison they stand beside ours.
nlohmann::json paper_figures();

/// A comparison as rows of text, the heads first.
struct ComparisonTables {
  std::string caption;
  std::vector<std::vector<std::string>> settings, folds, differences;
  std::string note;
};
ComparisonTables comparison_tables(const nlohmann::json& comparison);

/// For a terminal, and as a section of a page.
std::string comparison_text(const nlohmann::json& comparison);
std::string comparison_html(const nlohmann::json& comparison);

}  // namespace merc
