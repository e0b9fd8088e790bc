#include "report/score_text.hpp"

namespace merc {

std::string score_text(const Scores& scores, const std::vector<std::string>& label_names) {
  const auto name = [&](std::size_t c) { return c < label_names.size() ? label_names[c] : std::to_string(c); };
  auto text = "accuracy " + percent(scores.accuracy) + ", weighted F1 " + percent(scores.weighted_f1) + ", macro F1 " +
              percent(scores.macro_f1) + ", UAR " + percent(scores.uar) + " over " + std::to_string(scores.utterances) + " utterances\n\n";
  std::vector<std::vector<std::string>> rows{{"class", "precision", "recall", "F1", "support", "  taken for:"}};
  for (std::size_t c = 0; c < scores.per_class.size(); ++c) rows[0].push_back(name(c));
  for (std::size_t c = 0; c < scores.per_class.size(); ++c) {
    const auto& one = scores.per_class[c];
    rows.push_back({name(c), percent(one.precision), percent(one.recall), percent(one.f1), std::to_string(one.support), ""});
    for (const auto count : scores.confusion[c]) rows.back().push_back(std::to_string(count));
  }
  return text + table(rows);
}

}  // namespace merc
