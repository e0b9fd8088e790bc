#include "report/ablation.hpp"
#include "report/table.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace merc {
namespace {

using Json = nlohmann::json;

const std::map<std::string, std::string>& meanings() {
  static const std::map<std::string, std::string> all{
      {"A", "A  cross-entropy"}, {"B", "B  + contrastive term"}, {"C", "C  + pre-training"}};
  return all;
}

std::string paper_cell(const Json& pair) {
  return percent(pair[0].get<double>() / 100, 1) + " / " + percent(pair[1].get<double>() / 100, 1);
}

std::string interval_cell(const Json& interval) {
  if (interval.is_null()) return "needs 2 seeds";
  std::string text = "[";  // g++ 12 warns of "[" + std::string
  return text.append(signed_percent(interval[0])).append(", ").append(signed_percent(interval[1])).append("]");
}

std::string bounds_cell(const Json& interval) {
  std::string text = "[";
  return text.append(percent(interval[0])).append(", ").append(percent(interval[1])).append("]");
}

/// By which rule the epochs of each column were chosen.
std::string selection_text(const Json& comparison, bool with_paper) {
  static const std::map<std::string, std::string> rules{{"dev", "the epoch of the best weighted F1 on dev"},
                                                        {"dev-loss", "the epoch of the lowest loss on dev"},
                                                        {"last", "the last epoch"},
                                                        {"test", "DIAGNOSTIC, the epoch of the best weighted F1 on test"}};
  std::string ours;
  for (const auto& name : comparison.at("selection")) ours += (ours.empty() ? "" : ", or ") + rules.at(name);
  return "Accuracy and weighted F1: " + ours + ". Last 5 epochs: their mean weighted F1, nothing selected. Peak on test: the best of any " +
         "epoch, which is no result." + (with_paper ? " The paper: accuracy / weighted F1 of the epoch of the best weighted F1 on dev." : "");
}

/// A row a setting and score: each fold, and what they say together.
std::vector<std::vector<std::string>> fold_rows(const Json& comparison) {
  std::vector<std::vector<std::string>> rows{{"test", "score"}};
  for (const auto& fold : comparison.at("folds")) rows[0].push_back("Session " + fold.at("test_session").dump());
  rows[0].insert(rows[0].end(), {"mean ± std", "95 % over folds"});
  for (const auto& name : comparison.at("order"))
    for (const auto& [key, shown] : {std::pair{"accuracy", "accuracy"}, {"weighted_f1", "weighted F1"}, {"uar", "UAR"}}) {
      const auto& summary = comparison.at("settings").at(name.get<std::string>()).at("folds").at(key);
      auto& row = rows.emplace_back(std::vector{name.get<std::string>(), std::string(shown)});
      for (const auto& value : summary.at("values")) row.push_back(percent(value));
      row.push_back(mean_deviation(summary.at("mean"), summary.at("std")));
      row.push_back(bounds_cell(summary.at("interval")));
    }
  return rows;
}

std::string probability_cell(double p) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, p < 0.001 ? "%.0e" : "%.3f", p);
  return buffer;
}

}  // namespace

ComparisonTables comparison_tables(const Json& comparison) {
  const auto& data = comparison.at("data");
  const bool synthetic = data.at("synthetic"), with_paper = comparison.contains("paper");
  const auto seeds = comparison.at("seeds").size();
  const auto folds = comparison.contains("folds") ? comparison["folds"].size() : std::size_t{1};
  ComparisonTables tables;
  tables.caption = std::string(synthetic  ? "Synthetic data"
                               : folds > 1 ? "All dialogs"
                                           : "Test split") +
                   (folds > 1 ? ", each dialog tested once in " + std::to_string(folds) + " folds by session" : "") + ", " + std::to_string(data.at("classes").get<int>()) +
                   " classes, " + std::to_string(seeds) + (seeds == 1 ? " seed, percent" : " seeds, percent, mean ± standard deviation");
  if (with_paper)
    tables.caption +=
        std::string("; the paper's numbers are of IEMOCAP") + (synthetic ? " and cannot be compared with these" : ", one seed");

  tables.settings = {{"setting", "accuracy", "weighted F1", "last 5 epochs", "peak on test"}};
  if (seeds > 1) tables.settings[0].insert(tables.settings[0].begin() + 3, "95 % over seeds");
  if (with_paper) tables.settings[0].insert(tables.settings[0].end(), {"paper 6-way", "paper 4-way"});
  const auto cell = [&](const Json& summary) {
    return seeds == 1 ? percent(summary.at("mean")) : mean_deviation(summary.at("mean"), summary.at("std"));
  };
  for (const auto& name : comparison.at("order")) {
    const auto setting = name.get<std::string>();
    const auto& scores = comparison.at("settings").at(setting);
    const auto meaning = meanings().find(setting);
    auto& row = tables.settings.emplace_back();
    row.push_back(meaning == meanings().end() ? setting : meaning->second);
    for (const auto* score : {"accuracy", "weighted_f1"}) row.push_back(cell(scores.at(score)));
    if (seeds > 1) row.push_back(bounds_cell(scores.at("weighted_f1").at("interval")));
    for (const auto* score : {"weighted_f1_last5", "peak_weighted_f1"}) row.push_back(cell(scores.at(score)));
    if (with_paper)
      for (const auto* way : {"6-way", "4-way"}) row.push_back(paper_cell(comparison.at("paper").at(setting).at(way)));
  }
  const auto& majority = comparison.at("majority");
  tables.settings.push_back(
      {"always " + majority.at("label").get<std::string>(), percent(majority.at("accuracy")), percent(majority.at("weighted_f1"))});

  if (folds > 1) tables.folds = fold_rows(comparison);
  tables.differences = {{"weighted F1", "mean", "95 % over seeds", "95 % over dialogs", "McNemar p", ""}};
  if (folds > 1) tables.differences[0].insert(tables.differences[0].begin() + 3, "95 % over folds");
  for (const auto& [name, difference] : comparison.at("differences").items()) {
    auto& row = tables.differences.emplace_back();
    row = {name, signed_percent(difference.at("mean")), interval_cell(difference.at("seed_interval"))};
    if (folds > 1) row.push_back(interval_cell(difference.at("fold_interval")));
    row.insert(row.end(), {interval_cell(difference.at("dialog_interval")), probability_cell(difference.at("mcnemar").at("median")),
                           difference.at("verdict").get<std::string>()});
    if (!difference.contains("last5")) continue;
    const auto& last = difference.at("last5");
    auto& below = tables.differences.emplace_back();
    below = {"  last 5 epochs", signed_percent(last.at("mean")), interval_cell(last.at("seed_interval"))};
    if (folds > 1) below.emplace_back();
    below.insert(below.end(), {interval_cell(last.at("dialog_interval")), probability_cell(last.at("mcnemar").at("median")), ""});
  }
  tables.note = selection_text(comparison, with_paper);
  if (tables.differences.size() > 1)
    tables.note += std::string(folds > 1 ? " Seeds and folds" : " Seeds") +
                  ": t, paired for differences. Dialogs: paired bootstrap. A gain is claimed where " + (folds > 1 ? "all" : "both") +
                  " intervals are above zero. McNemar: exact, over utterances as if they were independent, the median of the seeds.";
  return tables;
}

std::string comparison_text(const Json& comparison) {
  const auto tables = comparison_tables(comparison);
  auto text = tables.caption + ".\n\n" + table(tables.settings) + "\n";
  if (!tables.folds.empty()) text += table(tables.folds) + "\n";
  if (tables.differences.size() > 1) text += table(tables.differences) + "\n";
  return text + tables.note + "\n";
}

}  // namespace merc
