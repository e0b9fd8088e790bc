#include "report/cross_validation.hpp"

#include "report/results.hpp"
#include "report/run_files.hpp"
#include "report/statistics.hpp"

#include <fstream>
#include <iterator>
#include <map>

namespace merc {
namespace {

using Json = nlohmann::json;

std::string content(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

PooledFolds pool_folds(const std::vector<std::filesystem::path>& folders, Folds& folds, const Config& config) {
  PooledFolds pooled;
  std::vector<int> truth, predicted;
  auto of_folds = Json::array();
  std::map<std::string, std::vector<double>> values;
  for (std::size_t f = 0; f < folders.size(); ++f) {
    const auto run = read_run_files(folders[f]);
    for (const auto& row : run.predictions) {
      truth.push_back(row.truth);
      predicted.push_back(row.prediction);
    }
    const auto rows = content(folders[f] / "predictions.csv");
    pooled.predictions += f == 0 ? rows : rows.substr(rows.find('\n') + 1);  // one head
    auto& fold = of_folds.emplace_back(Json{{"test_session", folds.session(f)}, {"folder", run.name}});
    for (const auto* key : {"test", "dev", "best_epoch", "peak_test"})
      if (run.results.contains(key)) fold[key] = run.results[key];
    for (const auto* key : {"accuracy", "weighted_f1", "macro_f1", "uar"}) values[key].push_back(fold.at("test").at(key));
  }
  pooled.scores = score(truth, predicted, folds.data().classes);
  Json over = Json::object();
  for (const auto& [key, all] : values) {
    const auto summary = summarize(all);
    const auto interval = paired_t(all);
    over[key] = {{"mean", summary.mean}, {"std", summary.std}, {"interval", {interval.low, interval.high}}};
  }
  pooled.results = {{"test", scores_json(pooled.scores, folds.data().label_names)},
                    {"folds", of_folds},
                    {"over_folds", over},
                    {"config", config},
                    {"data", data_json(folds.data(), std::nullopt)}};
  return pooled;
}

}  // namespace merc
