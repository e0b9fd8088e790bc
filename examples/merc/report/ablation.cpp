#include "report/ablation.hpp"

#include "data/figures.hpp"
#include "report/results.hpp"
#include "report/seed_scores.hpp"
#include "report/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace merc {
namespace {

using Json = nlohmann::json;

Json interval_json(const Interval& interval) { return {interval.low, interval.high}; }

Json summary_json(const std::vector<double>& values) {
  const auto summary = summarize(values);
  return {{"mean", summary.mean}, {"std", summary.std}, {"values", values}};
}

/// The same with the 95 % interval of the mean, null for a single value.
Json estimate_json(const std::vector<double>& values) {
  auto json = summary_json(values);
  json["interval"] = values.size() > 1 ? interval_json(paired_t(values)) : Json();
  return json;
}

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

Json setting_json(const std::vector<SeedScores>& seeds) {
  const auto collect = [&](const auto& value) {
    std::vector<double> values;
    for (const auto& seed : seeds) values.push_back(value(seed));
    return estimate_json(values);
  };
  Json json{{"weighted_f1_last5", collect([](const auto& seed) { return summarize(seed.last_five).mean; })},
            {"peak_weighted_f1", collect([](const auto& seed) { return summarize(seed.peak).mean; })}};
  for (const auto& [name, score] : scores_shown) {
    json[name] = collect([&, score = score](const auto& seed) { return pooled(seed.selected.dialogs).*score; });
    if (seeds.front().folds.size() > 1) json["folds"][name] = estimate_json(by_fold(seeds, score));
  }
  return json;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// McNemar's test of two settings at one epoch.
double mcnemar_of(const Answers& from, const Answers& to) {
  int64_t only_from = 0, only_to = 0;
  for (std::size_t u = 0; u < from.right.size(); ++u) {
    only_from += from.right[u] && !to.right.at(u);
    only_to += !from.right[u] && to.right.at(u);
  }
  return mcnemar(only_from, only_to);
}

/// One setting beside another by the same epochs of each seed: the mean of their scores, and of McNemar's tests the median, as epochs and
/// seeds see the same utterances, so that counts must not be added.
Json contrast_json(const std::vector<Epochs>& from, const std::vector<Epochs>& to) {
  std::vector<double> differences, tests;
  SeedResults from_dialogs, to_dialogs;
  for (std::size_t s = 0; s < from.size(); ++s) {
    std::vector<double> scores, of_epochs;
    for (std::size_t e = 0; e < from[s].size(); ++e) {
      scores.push_back(pooled(to[s][e].dialogs).weighted_f1 - pooled(from[s][e].dialogs).weighted_f1);
      of_epochs.push_back(mcnemar_of(from[s][e], to[s][e]));
      from_dialogs.push_back(from[s][e].dialogs);
      to_dialogs.push_back(to[s][e].dialogs);
    }
    differences.push_back(summarize(scores).mean);
    tests.push_back(median(of_epochs));
  }
  auto json = summary_json(differences);
  json["mcnemar"] = {{"values", tests}, {"median", median(tests)}};
  json["dialog_interval"] = interval_json(paired_bootstrap(from_dialogs, to_dialogs));
  json["seed_interval"] = differences.size() > 1 ? interval_json(paired_t(differences)) : Json();
  return json;
}

/// The epochs of each seed, the newest `count`.
std::vector<Epochs> last_of(const std::vector<SeedScores>& seeds, std::size_t count) {
  std::vector<Epochs> epochs;
  for (const auto& seed : seeds) epochs.emplace_back(seed.last.begin(), seed.last.begin() + static_cast<std::ptrdiff_t>(count));
  return epochs;
}

std::vector<Epochs> selected_of(const std::vector<SeedScores>& seeds) {
  std::vector<Epochs> epochs;
  for (const auto& seed : seeds) epochs.push_back({seed.selected});
  return epochs;
}

Json difference_json(const std::vector<SeedScores>& from, const std::vector<SeedScores>& to) {
  auto json = contrast_json(selected_of(from), selected_of(to));
  auto epochs = from.front().last.size();
  for (const auto* seeds : {&from, &to})
    for (const auto& seed : *seeds) epochs = std::min(epochs, seed.last.size());
  if (epochs > 0) json["last5"] = contrast_json(last_of(from, epochs), last_of(to, epochs));
  std::vector<const char*> asked{"dialog_interval", "seed_interval"};
  if (from.front().folds.size() > 1) {
    auto folds = by_fold(to, &Scores::weighted_f1);
    const auto before = by_fold(from, &Scores::weighted_f1);
    std::transform(folds.begin(), folds.end(), before.begin(), folds.begin(), std::minus<>());
    json["folds"] = estimate_json(folds);
    json["fold_interval"] = interval_json(paired_t(folds));
    asked.push_back("fold_interval");
  }
  std::erase_if(asked, [&](const auto* name) { return json.at(name).is_null(); });
  const auto every = [&](auto side) { return asked.size() > 1 && std::all_of(asked.begin(), asked.end(), side); };
  json["verdict"] = every([&](const auto* name) { return json[name][0].template get<double>() > 0; })   ? "gain"
                    : every([&](const auto* name) { return json[name][1].template get<double>() < 0; }) ? "loss"
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
  std::set<std::string> selections;
  for (const auto& [setting, seeds] : scores)
    for (const auto& seed : seeds) selections.insert(seed.selection);
  json["selection"] = selections;
  if (!baseline.empty()) json["baseline"] = baseline;
  json["majority"] = majority.json();
  json["data"] = data_json(folds.data(), std::nullopt);
  return json;
}

}  // namespace merc
