#include "report/ablation.hpp"

#include "data/figures.hpp"
#include "report/results.hpp"
#include "report/run_files.hpp"
#include "report/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <set>
#include <span>
#include <utility>

namespace merc {
namespace {

using Json = nlohmann::json;

/// What is needed of the runs of one seed, a run a fold.
struct SeedScores {
  std::vector<Confusion> dialogs;  ///< of the tests of all folds, one behind the other
  std::vector<bool> right;         ///< a labelled utterance each
  std::vector<Scores> folds;
  std::vector<double> last_five, peak;  ///< a fold each
};

/// The scores of dialogs together.
Scores pooled(std::span<const Confusion> dialogs) {
  auto total = dialogs.front();
  for (const auto& dialog : dialogs.subspan(1))
    for (std::size_t t = 0; t < total.size(); ++t)
      for (std::size_t p = 0; p < total.size(); ++p) total[t][p] += dialog[t][p];
  return score(std::move(total));
}

/// Mean test score of the last five epochs of fine-tuning.
double last_five(const std::filesystem::path& path) {
  std::vector<double> scores;
  for (const auto& record : read_metrics(path))
    if (record.at("stage") == "finetune" && record.at("test").is_object()) scores.push_back(record["test"].at("weighted_f1"));
  scores.erase(scores.begin(), scores.end() - std::min<std::ptrdiff_t>(5, std::ssize(scores)));
  return summarize(scores).mean;
}

void read_fold(const std::filesystem::path& folder, const Corpus& data, SeedScores& seed) {
  const auto results = read_json(folder / "results.json", "run the ablation again with --resume");
  seed.last_five.push_back(last_five(folder / "metrics.jsonl"));
  seed.peak.push_back(results.at("peak_test").at("weighted_f1"));
  const auto before = seed.dialogs.size();
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
      if (rows[row].truth >= 0) seed.right.push_back(rows[row].truth == rows[row].prediction);
    }
    seed.dialogs.push_back(confusion(truth, predicted, data.classes));
  }
  seed.folds.push_back(pooled(std::span(seed.dialogs).subspan(before)));
}

Json summary_json(const std::vector<double>& values) {
  const auto summary = summarize(values);
  return {{"mean", summary.mean}, {"std", summary.std}, {"values", values}};
}

Json interval_json(const Interval& interval) { return {interval.low, interval.high}; }

/// Scores of all utterances together and of each fold.
constexpr std::pair<const char*, double Scores::*> scores_shown[] = {
    {"accuracy", &Scores::accuracy}, {"weighted_f1", &Scores::weighted_f1}, {"uar", &Scores::uar}};

/// A score of each fold, its mean over seeds.
std::vector<double> by_fold(const std::vector<SeedScores>& seeds, double Scores::* score) {
  std::vector<double> values(seeds.front().folds.size());
  for (const auto& seed : seeds)
    for (std::size_t f = 0; f < values.size(); ++f) values[f] += seed.folds[f].*score / static_cast<double>(seeds.size());
  return values;
}

Json folds_json(const std::vector<double>& values) {
  auto json = summary_json(values);
  json["interval"] = interval_json(paired_t(values));
  return json;
}

Json setting_json(const std::vector<SeedScores>& seeds) {
  const auto collect = [&](const auto& value) {
    std::vector<double> values;
    for (const auto& seed : seeds) values.push_back(value(seed));
    return summary_json(values);
  };
  Json json{{"weighted_f1_last5", collect([](const auto& seed) { return summarize(seed.last_five).mean; })},
            {"peak_weighted_f1", collect([](const auto& seed) { return summarize(seed.peak).mean; })}};
  for (const auto& [name, score] : scores_shown) {
    json[name] = collect([&, score = score](const auto& seed) { return pooled(seed.dialogs).*score; });
    if (seeds.front().folds.size() > 1) json["folds"][name] = folds_json(by_fold(seeds, score));
  }
  return json;
}

/// The test of every seed, and the median: seeds see the same utterances, so their counts must not be added.
Json mcnemar_json(const std::vector<SeedScores>& from, const std::vector<SeedScores>& to) {
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

Json difference_json(const std::vector<SeedScores>& from, const std::vector<SeedScores>& to) {
  std::vector<double> differences;
  SeedResults from_dialogs, to_dialogs;
  for (std::size_t s = 0; s < from.size(); ++s) {
    differences.push_back(pooled(to[s].dialogs).weighted_f1 - pooled(from[s].dialogs).weighted_f1);
    from_dialogs.push_back(from[s].dialogs);
    to_dialogs.push_back(to[s].dialogs);
  }
  auto json = summary_json(differences);
  json["mcnemar"] = mcnemar_json(from, to);
  std::vector<Interval> all{paired_bootstrap(from_dialogs, to_dialogs)};
  json["dialog_interval"] = interval_json(all.front());
  json["seed_interval"] = nullptr;
  if (differences.size() > 1) json["seed_interval"] = interval_json(all.emplace_back(paired_t(differences)));
  if (from.front().folds.size() > 1) {
    auto folds = by_fold(to, &Scores::weighted_f1);
    const auto before = by_fold(from, &Scores::weighted_f1);
    std::transform(folds.begin(), folds.end(), before.begin(), folds.begin(), std::minus<>());
    json["folds"] = folds_json(folds);
    json["fold_interval"] = interval_json(all.emplace_back(paired_t(folds)));
  }
  const auto every = [&](auto side) { return all.size() > 1 && std::all_of(all.begin(), all.end(), side); };
  json["verdict"] = every(std::mem_fn(&Interval::above_zero))   ? "gain"
                    : every(std::mem_fn(&Interval::below_zero)) ? "loss"
                                                                : "none shown";
  return json;
}

/// Always naming the most frequent class of the training split: its names, and what it gives on the test of each fold.
struct Majority {
  std::set<std::string> labels;
  std::vector<Confusion> folds;

  void add(const Corpus& data) {
    auto counts = count_labels(data.train());
    counts.erase(-1);
    const auto rarer = [](const auto& a, const auto& b) { return a.second < b.second; };
    const int most = counts.empty() ? 0 : std::max_element(counts.begin(), counts.end(), rarer)->first;
    std::vector<int> truth;
    for (const auto& dialog : data.test().dialogs) truth.insert(truth.end(), dialog.labels.begin(), dialog.labels.end());
    labels.insert(data.label_names.at(static_cast<std::size_t>(most)));
    folds.push_back(confusion(truth, std::vector<int>(truth.size(), most), data.classes));
  }

  Json json() const {
    std::string names;
    for (const auto& label : labels) names += (names.empty() ? "" : " or ") + label;
    const auto scores = pooled(folds);
    return {{"label", names}, {"accuracy", scores.accuracy}, {"weighted_f1", scores.weighted_f1}};
  }
};

}  // namespace

Json paper_figures() {
  return {{"A", {{"4-way", {80.8, 80.8}}, {"6-way", {65.4, 65.7}}}},
          {"B", {{"4-way", {82.5, 82.5}}, {"6-way", {65.8, 66.2}}}},
          {"C", {{"4-way", {85.9, 85.8}}, {"6-way", {66.4, 66.6}}}}};
}

Json compare_settings(const Settings& settings, Folds& folds, const std::string& baseline) {
  std::map<std::string, std::vector<SeedScores>> scores;
  Majority majority;
  Json json{{"seeds", Json::array()}, {"order", Json::array()}, {"settings", Json::object()}, {"differences", Json::object()}};
  for (const auto& [seed, folders] : settings.front().runs) json["seeds"].push_back(seed);
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const auto& data = folds.corpus(f);
    majority.add(data);
    if (folds.size() > 1)
      json["folds"].push_back(
          {{"test_session", folds.session(f)}, {"dialogs", data.test().dialogs.size()}, {"utterances", data.test().utterances()}});
    for (const auto& [setting, runs] : settings) {
      auto& seeds = scores[setting];
      seeds.resize(runs.size());
      auto seed = seeds.begin();
      for (const auto& [number, folders] : runs) read_fold(folders.at(f), data, *seed++);
    }
  }
  for (const auto& [setting, runs] : settings) {
    json["order"].push_back(setting);
    json["settings"][setting] = setting_json(scores[setting]);
  }
  for (auto from = settings.begin(); from != settings.end(); ++from)
    for (auto to = std::next(from); to != settings.end(); ++to)
      if (baseline.empty() || from->name == baseline)
        json["differences"][baseline.empty() ? to->name + "-" + from->name : to->name] =
            difference_json(scores[from->name], scores[to->name]);
  if (!baseline.empty()) json["baseline"] = baseline;
  json["majority"] = majority.json();
  json["data"] = data_json(folds.data(), std::nullopt);
  return json;
}

}  // namespace merc
