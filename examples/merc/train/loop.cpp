#include "loop.hpp"

#include "model/random.hpp"
#include "schedule.hpp"

#include <ATen/Context.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace merc {
namespace {

/// The seed of one use of an epoch. Stage 2 is the same whatever came before, so that settings are compared in pairs.
uint64_t seed_of(const Checkpoint& state, const char use) {
  return derive(
      {state.config.seed, static_cast<uint64_t>(state.stage.front()), static_cast<uint64_t>(state.epoch), static_cast<uint64_t>(use)});
}

void seed_device(torch::Device device, uint64_t seed) {
  if (!device.is_cuda()) return;
  auto generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(seed);
}

std::vector<EpochRecord> epochs_of(const std::vector<EpochRecord>& history, const std::string& stage) {
  std::vector<EpochRecord> epochs;
  std::ranges::copy_if(history, std::back_inserter(epochs), [&](const auto& record) { return record.stage == stage; });
  return epochs;
}

}  // namespace

EpochRecord Loop::epoch(Work& work, Adam& adam, MemoryBank& bank) {
  EpochRecord record{.stage = state_.stage, .epoch = state_.epoch + 1, .epochs = work.stage.epochs};
  Dropout dropout(work.network.options.architecture.dropout, seed_of(state_, 'd'));
  seed_device(work.network.parameters().front().device(), seed_of(state_, 'd'));
  Stopwatch watch;
  const auto history = epochs_of(state_.history, state_.stage);
  const auto count = work.batches.count(), together = work.stage.accumulate, steps = (count + together - 1) / together;
  int64_t done = 0, step = 0;
  work.batches.for_each(seed_of(state_, 'b'), [&](const Batch& batch) {
    const auto terms = accumulate(work.network, batch, work.objective, bank, dropout);
    if (!std::isfinite(terms.loss))
      throw DataError(record.stage + ", epoch " + std::to_string(record.epoch) + ": the loss is not finite; lower the learning rate (" +
                      nlohmann::json(work.stage.learning_rate).dump() + ") or raise the temperature (" + nlohmann::json(work.stage.temperature).dump() +
                      ")");
    const double share = 1 / static_cast<double>(count);
    record.loss += share * terms.loss;
    record.cross_entropy += share * terms.cross_entropy;
    record.idcl += share * terms.idcl;
    record.idcl_gradient_ratio += share * terms.gradient_ratio;
    record.mean_cosine += share * terms.mean_cosine;
    ++done;
    if (done % together == 0 || done == count) {
      const auto whole = static_cast<double>(steps);
      record.learning_rate =
          learning_rate(work.stage, {state_.epoch, static_cast<double>(step) / whole, static_cast<double>(step + 1) / whole}, history);
      record.gradient_norm += (1 / whole) * adam.step(record.learning_rate, work.stage.clip, done - step * together);
      work.average.update();
      ++step;
    }
    observer_.batch(record.stage, record.epoch, record.epochs, done, count);
  });
  record.seconds = watch.lap();
  return record;
}

bool Loop::run(Work work) {
  Adam adam(work.network, work.stage.weight_decay);
  MemoryBank bank(work.stage.memory_bank);
  if (!state_.adam.is_empty()) adam.restore(state_.adam);
  if (!state_.average.is_empty()) work.average.restore(state_.average);
  bank.restore(state_.bank);
  while (state_.epoch < work.stage.epochs && !work.enough()) {
    auto record = epoch(work, adam, bank);
    ++state_.epoch;
    work.examine(record);
    state_.history.push_back(record);
    observer_.epoch(record);

    const bool over = state_.epoch == work.stage.epochs || work.enough();
    const bool stop = !over && run_.stop();
    unsaved_seconds_ += since_saved_.lap();
    if (over || stop || unsaved_seconds_ >= state_.config.save_seconds) save(work, adam, bank);
    if (!stop) continue;
    observer_.note("stopped after epoch " + std::to_string(record.epoch) + " of " + std::to_string(record.epochs) + " (" + record.stage +
                   ")" +
                   (run_.folder.empty() ? "; nothing was saved"
                                        : "; the state is in " + (run_.folder / "state.pt").string() + ", go on with --resume"));
    return false;
  }
  return true;
}

void Loop::save(const Work& work, const Adam& adam, const MemoryBank& bank) {
  unsaved_seconds_ = 0;
  if (run_.folder.empty()) return;
  state_.network = state_dict(work.network);
  state_.adam = adam.state();
  state_.average = work.average.state();
  state_.bank = bank.stored();
  write_checkpoint(run_.folder / "state.pt", state_);
}

}  // namespace merc
