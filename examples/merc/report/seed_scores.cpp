#include "report/seed_scores.hpp"

#include "report/results.hpp"
#include "report/run_files.hpp"
#include "report/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace merc {
namespace {

/// Mean test score of the last five epochs of fine-tuning.
double last_five(const std::filesystem::path& path) {
  std::vector<double> scores;
  for (const auto& record : read_metrics(path))
    if (record.at("stage") == "finetune" && record.at("test").is_object()) scores.push_back(record["test"].at("weighted_f1"));
  scores.erase(scores.begin(), scores.end() - std::min<std::ptrdiff_t>(5, std::ssize(scores)));
  return summarize(scores).mean;
}

}  // namespace

void Answers::add(const Corpus& data, const std::vector<int>& predicted) {
  auto first = predicted.begin();
  for (const auto& dialog : data.test().dialogs) {
    const auto end = first + std::ssize(dialog.labels);
    dialogs.push_back(confusion(dialog.labels, {first, end}, data.classes));
    for (const int label : dialog.labels) {
      if (label >= 0) right.push_back(label == *first);
      ++first;
    }
  }
}

Scores pooled(std::span<const Confusion> dialogs) {
  auto total = dialogs.front();
  for (const auto& dialog : dialogs.subspan(1))
    for (std::size_t t = 0; t < total.size(); ++t)
      for (std::size_t p = 0; p < total.size(); ++p) total[t][p] += dialog[t][p];
  return score(std::move(total));
}

void read_fold(const std::filesystem::path& folder, const Corpus& data, SeedScores& seed) {
  const auto results = read_json(folder / "results.json", "run the ablation again with --resume");
  seed.last_five.push_back(last_five(folder / "metrics.jsonl"));
  seed.selection = results.at("config").at("selection");
  seed.peak.push_back(results.at("peak_test").at("weighted_f1"));
  const auto need = [&](bool matches, const char* file) {
    if (!matches)
      throw DataError((folder / file).string() +
                      ": does not match the test split; remove the folder and run the ablation again with --resume");
  };
  const auto rows = read_predictions(folder / "predictions.csv");
  std::vector<int> predicted;
  for (const auto& dialog : data.test().dialogs)
    for (const int label : dialog.labels) {
      const auto row = predicted.size();
      need(row < rows.size() && rows[row].vid == dialog.id && rows[row].truth == label, "predictions.csv");
      predicted.push_back(rows[row].prediction);
    }
  const auto before = seed.selected.dialogs.size();
  seed.selected.add(data, predicted);
  seed.folds.push_back(pooled(std::span(seed.selected.dialogs).subspan(before)));

  const auto last = read_last_epochs(folder / "last_epochs.csv");
  seed.last.resize(before == 0 ? last.size() : std::min(last.size(), seed.last.size()));
  for (std::size_t e = 0; e < seed.last.size(); ++e) {
    need(last[e].size() == predicted.size(), "last_epochs.csv");
    seed.last[e].add(data, last[e]);
  }
}

}  // namespace merc
