#include "report/run_files.hpp"

#include "data/corpus.hpp"

#include <fstream>

namespace merc {
namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read_json(const fs::path& path, const std::string& remedy) {
  std::ifstream stream(path);
  if (!stream) throw DataError(path.string() + ": cannot be read; " + remedy);
  try {
    return Json::parse(stream);
  } catch (const Json::exception&) {
    throw DataError(path.string() + ": no valid JSON; " + remedy);
  }
}

Json read_run_data(const fs::path& folder) {
  if (fs::exists(folder / "data.json")) return read_json(folder / "data.json", "train it anew");
  if (!fs::exists(folder / "results.json")) return Json::object();
  return read_json(folder / "results.json", "train it anew").value("data", Json::object());
}

std::vector<Json> read_metrics(const fs::path& path) {
  std::ifstream stream(path);
  if (!stream) throw DataError(path.string() + ": cannot be read");
  std::vector<Json> records;
  for (std::string line; std::getline(stream, line);) {
    auto record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || !record.contains("stage") || !record.contains("epoch"))
      throw DataError(path.string() + ": line " + std::to_string(records.size() + 1) + " is no record of an epoch");
    records.push_back(std::move(record));
  }
  return records;
}

RunFiles read_run_files(const fs::path& folder) {
  const auto file = folder / "results.json";
  auto name = folder.filename().empty() ? folder.parent_path().filename() : folder.filename();
  RunFiles run{.name = name.string(), .results = read_json(file, "expected the folder of a finished run"), .epochs = {}, .predictions = {}};
  for (const auto* key : {"config", "data", "best_epoch", "peak_test"})
    if (!run.results.contains(key)) throw DataError(file.string() + ": no `" + key + "`; expected the results of idcl-merc train");
  run.epochs = read_metrics(folder / "metrics.jsonl");
  if (!run.results.contains("test")) return run;
  run.predictions = read_predictions(folder / "predictions.csv");
  const auto classes = static_cast<int>(run.label_names().size());
  for (const auto& row : run.predictions)
    if (row.truth < -1 || row.truth >= classes || row.prediction < 0 || row.prediction >= classes)
      throw DataError((folder / "predictions.csv").string() + ": " + row.vid + " has a class that results.json does not name");
  return run;
}

}  // namespace merc
