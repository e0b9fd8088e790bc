#include "report/metrics.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace merc {
namespace {

double ratio(double numerator, double denominator) { return denominator > 0 ? numerator / denominator : 0; }

int checked(int label, int classes, std::size_t position, const char* what) {
  if (label < 0 || label >= classes)
    throw std::invalid_argument("score: expected every " + std::string(what) + " to be in [0, " + std::to_string(classes) + "), got " +
                                std::to_string(label) + " at position " + std::to_string(position));
  return label;
}

}  // namespace

Confusion confusion(std::span<const int> truth, std::span<const int> prediction, int classes) {
  if (truth.size() != prediction.size())
    throw std::invalid_argument("score: expected as many predictions as truths, got " + std::to_string(prediction.size()) + " and " +
                                std::to_string(truth.size()));
  Confusion counts(classes, std::vector<int64_t>(classes, 0));
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (truth[i] >= 0) ++counts[checked(truth[i], classes, i, "truth")][checked(prediction[i], classes, i, "prediction")];
  return counts;
}

Scores score(std::span<const int> truth, std::span<const int> prediction, int classes) {
  return score(confusion(truth, prediction, classes));
}

Scores score(Confusion confusion) {
  const auto classes = confusion.size();
  Scores scores;
  int64_t right = 0;
  int present = 0, supported = 0;
  double f1_sum = 0, recall_sum = 0, weighted = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    int64_t predicted = 0, support = 0;
    for (std::size_t other = 0; other < classes; ++other) {
      predicted += confusion[other][c];
      support += confusion[c][other];
    }
    const int64_t hits = confusion[c][c];
    const ClassScores own{.precision = ratio(hits, predicted),
                          .recall = ratio(hits, support),
                          .f1 = ratio(2 * hits, predicted + support),
                          .support = support};
    scores.per_class.push_back(own);
    scores.utterances += support;
    right += hits;
    present += predicted + support > 0;
    supported += support > 0;
    f1_sum += own.f1;
    recall_sum += own.recall;
    weighted += own.f1 * support;
  }
  scores.accuracy = ratio(right, scores.utterances);
  scores.weighted_f1 = ratio(weighted, scores.utterances);
  scores.macro_f1 = ratio(f1_sum, classes);
  scores.macro_f1_present = ratio(f1_sum, present);
  scores.uar = ratio(recall_sum, classes);
  scores.uar_present = ratio(recall_sum, supported);
  scores.confusion = std::move(confusion);
  return scores;
}

}  // namespace merc
