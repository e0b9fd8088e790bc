#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace merc {
namespace {

double plateau(const Stage& stage, const std::vector<EpochRecord>& history) {
  double factor = 1, lowest = std::numeric_limits<double>::infinity();
  int64_t waited = 0;
  for (const auto& record : history) {
    const double loss = record.dev ? record.dev->loss : record.loss;
    waited = loss < lowest ? 0 : waited + 1;
    lowest = std::min(lowest, loss);
    if (waited < stage.schedule_patience) continue;
    factor *= stage.schedule_factor;
    waited = 0;
  }
  return factor;
}

double cosine(const Stage& stage, double place) {
  const auto warmup = static_cast<double>(stage.warmup_epochs), rest = static_cast<double>(stage.epochs) - warmup;
  return 0.5 * (1 + std::cos(std::numbers::pi * std::clamp((place - warmup) / rest, 0.0, 1.0)));
}

}  // namespace

double learning_rate(const Stage& stage, const Step& step, const std::vector<EpochRecord>& history) {
  const auto epoch = static_cast<double>(step.epoch);
  double rate = stage.learning_rate;
  if (stage.schedule == Schedule::Cosine) rate *= cosine(stage, epoch + step.begun);
  if (stage.schedule == Schedule::Plateau) rate *= plateau(stage, history);
  if (epoch + step.finished < static_cast<double>(stage.warmup_epochs))
    rate *= (epoch + step.finished) / static_cast<double>(stage.warmup_epochs);
  return rate;
}

}  // namespace merc
