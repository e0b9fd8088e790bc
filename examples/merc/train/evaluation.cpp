#include "evaluation.hpp"

#include "fit.hpp"
#include "report/metrics.hpp"

namespace merc {

Evaluation::Evaluation(const Corpus& data, const NetworkOptions& network, torch::Device device) {
  for (const auto* split : {"dev", "test"})
    if (const auto dialogs = dialogs_of(data, {split}); !dialogs.empty()) splits_[split] = evaluation_batches(dialogs, network, device);
}

std::map<std::string, Predictions> Evaluation::score(NetworkImpl& network, EpochRecord& record) const {
  auto all = predict(network);
  for (const auto& [split, predictions] : all) {
    const auto scores = merc::score(predictions.truth, predictions.predicted, predictions.classes);
    (split == "dev" ? record.dev : record.test) = SplitScore{predictions.loss, scores.accuracy, scores.weighted_f1};
  }
  return all;
}

std::map<std::string, Predictions> Evaluation::predict(NetworkImpl& network) const {
  std::map<std::string, Predictions> predictions;
  for (const auto& [split, batches] : splits_) predictions[split] = merc::predict(network, batches);
  return predictions;
}

void summarize(const std::vector<EpochRecord>& history, Outcome& outcome) {
  int64_t epochs = 0;
  for (const auto& record : history) {
    if (record.stage != "finetune") continue;
    outcome.seconds_per_epoch += record.seconds;
    ++epochs;
    if (record.test && (outcome.peak_test.epoch == 0 || record.test->weighted_f1 > outcome.peak_test.weighted_f1))
      outcome.peak_test = {record.test->weighted_f1, record.epoch};
  }
  outcome.seconds_per_epoch /= static_cast<double>(epochs);
}

}  // namespace merc
