#pragma once

#include "model/weights.hpp"

#include <filesystem>
#include <optional>

namespace merc {

/// Everything that a stopped run needs to go on as if nothing had been.
///
/// Nothing random is in it: what is random in an epoch follows from the seed, the stage and the number of the epoch.
struct Checkpoint {
  Config config;
  std::string data;      ///< fingerprint
  std::string pretrain;  ///< fingerprint, or empty
  std::string stage;     ///< "pretrain", "finetune"
  int64_t epoch = 0;     ///< epochs of the stage that are done
  StateDict network = StateDict();
  StateDict adam = StateDict();
  StateDict average = StateDict();  ///< of the weights, where one is kept
  StateDict best = StateDict();
  std::vector<Tensor> bank{};
  int64_t best_epoch = 0;
  std::vector<Tensor> recent{};  ///< predicted classes of the test split, [utterances] int64 an epoch, the newest first, five at most
  std::vector<EpochRecord> history{};
  std::optional<Transfer> transfer{};
};

/// Writes it whole or not at all.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

Checkpoint read_checkpoint(const std::filesystem::path& path);

/// Throws UsageError or DataError that names what differs: a run goes on with the data and the configuration it began with. The epochs of
/// stage 2, if they get no fewer than are done, and how a run is executed (device, threads, how often it is saved), may change.
void check_same(const Checkpoint& checkpoint, const Config& config, const std::string& data, const std::string& pretrain,
                const std::string& path);

}  // namespace merc
