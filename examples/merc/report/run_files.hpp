#pragma once

#include "report/results.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace merc {

/// What a finished run left in its folder.
struct RunFiles {
  std::string name;                        ///< of the folder
  nlohmann::json results;                  ///< results.json
  std::vector<nlohmann::json> epochs;      ///< metrics.jsonl, a record a line
  std::vector<PredictionRow> predictions;  ///< predictions.csv; empty where there is no test split

  bool synthetic() const { return results.at("data").value("synthetic", false); }
  std::vector<std::string> label_names() const { return results.at("data").at("labels"); }
};

/// A file of JSON. Throws DataError that names it and ends with `remedy`.
nlohmann::json read_json(const std::filesystem::path& path, const std::string& remedy);

/// What a run was trained on, as of results.json's `data`: known from its beginning (data.json). Empty where the folder does not say.
nlohmann::json read_run_data(const std::filesystem::path& folder);

/// The records of metrics.jsonl. Throws DataError that names the line.
std::vector<nlohmann::json> read_metrics(const std::filesystem::path& path);

/// Throws DataError where the folder holds no finished run, or one of its files is damaged.
RunFiles read_run_files(const std::filesystem::path& folder);

}  // namespace merc
