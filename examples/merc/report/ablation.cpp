#include "report/ablation.hpp"

#include "report/results.hpp"
#include "report/run_files.hpp"
#include "report/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace merc {
namespace {

using Json = nlohmann::json;

/// What is needed of one run.
struct RunScores {
  double accuracy = 0;
  double weighted_f1 = 0;
  double last_five = 0;
  double peak = 0;
  std::vector<Confusion> dialogs;
  std::vector<bool> right;  ///< a labelled utterance each
};

/// Mean test score of the last five epochs of fine-tuning.
double last_five(const std::filesystem::path& path) {
  std::vector<double> scores;
  for (const auto& record : read_metrics(path))
    if (record.at("stage") == "finetune" && record.at("test").is_object()) scores.push_back(record["test"].at("weighted_f1"));
  scores.erase(scores.begin(), scores.end() - std::min<std::ptrdiff_t>(5, std::ssize(scores)));
  return summarize(scores).mean;
}

RunScores read_run(const std::filesystem::path& folder, const Corpus& data) {
  const auto results = read_json(folder / "results.json", "run the ablation again with --resume");
  RunScores run{.accuracy = results.at("test").at("accuracy"),
                .weighted_f1 = results.at("test").at("weighted_f1"),
                .last_five = last_five(folder / "metrics.jsonl"),
                .peak = results.at("peak_test").at("weighted_f1"),
                .dialogs = {},
                .right = {}};
  const auto rows = read_predictions(folder / "predictions.csv");
  std::size_t row = 0;
  for (const auto& dialog : data.test().dialogs) {
    std::vector<int> truth, predicted;
    for (int64_t u = 0; u < dialog.utterances(); ++u, ++row) {
      if (row >= rows.size() || rows[row].vid != dialog.id)
        throw DataError((folder / "predictions.csv").string() +
                        ": does not match the test split; remove the folder and run the ablation again with --resume");
      truth.push_back(rows[row].truth);
      predicted.push_back(rows[row].prediction);
      if (rows[row].truth >= 0) run.right.push_back(rows[row].truth == rows[row].prediction);
    }
    run.dialogs.push_back(confusion(truth, predicted, data.classes));
  }
  return run;
}

Json summary_json(const std::vector<double>& values) {
  const auto summary = summarize(values);
  return {{"mean", summary.mean}, {"std", summary.std}, {"values", values}};
}

Json setting_json(const std::vector<RunScores>& runs) {
  const auto collect = [&](double RunScores::* field) {
    std::vector<double> values;
    for (const auto& run : runs) values.push_back(run.*field);
    return summary_json(values);
  };
  return {{"accuracy", collect(&RunScores::accuracy)},
          {"weighted_f1", collect(&RunScores::weighted_f1)},
          {"weighted_f1_last5", collect(&RunScores::last_five)},
          {"peak_weighted_f1", collect(&RunScores::peak)}};
}

/// The test of every seed, and the median: seeds see the same utterances, so their counts must not be added.
Json mcnemar_json(const std::vector<RunScores>& from, const std::vector<RunScores>& to) {
  std::vector<double> values;
  for (std::size_t s = 0; s < from.size(); ++s) {
    int64_t only_from = 0, only_to = 0;
    for (std::size_t u = 0; u < from[s].right.size(); ++u) {
      only_from += from[s].right[u] && !to[s].right.at(u);
      only_to += !from[s].right[u] && to[s].right.at(u);
    }
    values.push_back(mcnemar(only_from, only_to));
  }
  auto sorted = values;
  std::sort(sorted.begin(), sorted.end());
  return {{"values", values}, {"median", (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2}};
}

Json difference_json(const std::vector<RunScores>& from, const std::vector<RunScores>& to) {
  std::vector<double> differences;
  SeedResults from_dialogs, to_dialogs;
  for (std::size_t s = 0; s < from.size(); ++s) {
    differences.push_back(to[s].weighted_f1 - from[s].weighted_f1);
    from_dialogs.push_back(from[s].dialogs);
    to_dialogs.push_back(to[s].dialogs);
  }
  auto json = summary_json(differences);
  json["mcnemar"] = mcnemar_json(from, to);
  const auto over_dialogs = paired_bootstrap(from_dialogs, to_dialogs);
  json["dialog_interval"] = {over_dialogs.low, over_dialogs.high};
  json["seed_interval"] = nullptr;
  json["verdict"] = "none shown";
  if (differences.size() < 2) return json;
  const auto over_seeds = paired_t(differences);
  json["seed_interval"] = {over_seeds.low, over_seeds.high};
  if (over_seeds.above_zero() && over_dialogs.above_zero()) json["verdict"] = "gain";
  if (over_seeds.below_zero() && over_dialogs.below_zero()) json["verdict"] = "loss";
  return json;
}

/// The scores of always naming the most frequent class of the training split.
Json majority_json(const Corpus& data) {
  std::vector<int64_t> counts(data.classes);
  for (const auto& dialog : data.train().dialogs)
    for (const int label : dialog.labels)
      if (label >= 0) ++counts[label];
  const auto most = static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  std::vector<int> truth;
  for (const auto& dialog : data.test().dialogs) truth.insert(truth.end(), dialog.labels.begin(), dialog.labels.end());
  const auto scores = score(truth, std::vector<int>(truth.size(), most), data.classes);
  return {{"label", data.label_names.at(most)}, {"accuracy", scores.accuracy}, {"weighted_f1", scores.weighted_f1}};
}

}  // namespace

Json paper_figures() {
  return {{"A", {{"4-way", {80.8, 80.8}}, {"6-way", {65.4, 65.7}}}},
          {"B", {{"4-way", {82.5, 82.5}}, {"6-way", {65.8, 66.2}}}},
          {"C", {{"4-way", {85.9, 85.8}}, {"6-way", {66.4, 66.6}}}}};
}

Json compare_settings(const Settings& settings, const Corpus& data, const std::string& baseline) {
  std::map<std::string, std::vector<RunScores>> scores;
  Json json{{"seeds", Json::array()}, {"order", Json::array()}, {"settings", Json::object()}, {"differences", Json::object()}};
  for (const auto& [seed, folder] : settings.front().runs) json["seeds"].push_back(seed);
  for (const auto& [setting, runs] : settings) {
    for (const auto& [seed, folder] : runs) scores[setting].push_back(read_run(folder, data));
    json["order"].push_back(setting);
    json["settings"][setting] = setting_json(scores[setting]);
  }
  for (auto from = settings.begin(); from != settings.end(); ++from)
    for (auto to = std::next(from); to != settings.end(); ++to)
      if (baseline.empty() || from->name == baseline)
        json["differences"][baseline.empty() ? to->name + "-" + from->name : to->name] =
            difference_json(scores[from->name], scores[to->name]);
  if (!baseline.empty()) json["baseline"] = baseline;
  json["majority"] = majority_json(data);
  json["data"] = data_json(data, std::nullopt);
  return json;
}

}  // namespace merc
