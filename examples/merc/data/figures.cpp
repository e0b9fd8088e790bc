#include "data/figures.hpp"

namespace merc {

std::map<std::string, FeatureFigures> figures_of(const Split& split) {
  std::map<std::string, FeatureFigures> result;
  for (const auto& dialog : split.dialogs) {
    for (const auto& [modality, matrix] : dialog.features) {
      auto& figures = result[modality];
      for (const double value : matrix.values) {
        if (figures.count++ == 0) figures.first = value;
        figures.last = value;
        figures.sum += value;
        figures.sum_of_squares += value * value;
      }
    }
  }
  return result;
}

std::map<int, int64_t> count_labels(const Split& split) {
  std::map<int, int64_t> counts;
  for (const auto& dialog : split.dialogs)
    for (const int label : dialog.labels) ++counts[label];
  return counts;
}

}  // namespace merc
