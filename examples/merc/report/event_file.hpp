#pragma once

#include "train/trainer.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace merc {

/// CRC-32C (Castagnoli), as RFC 3720 defines it.
uint32_t crc32c(std::string_view bytes);

/// Numbers by name, as TensorBoard draws them.
using Scalars = std::vector<std::pair<std::string, float>>;

/// A record of a TensorBoard event file: an Event message of protocol buffers with a wall time in seconds, a step and a Summary of
/// scalars, framed as TFRecord does it: length, masked CRC of the length, bytes, masked CRC of the bytes.
std::string event_record(double wall_time, int64_t step, const Scalars& scalars);

/// A file that TensorBoard shows: the scalars of every epoch, "finetune/dev_weighted_f1" and so on, over the epochs of their stage.
class EventFile {
 public:
  /// Starts with the epochs of `history` in place of what stood in `path`, whose name must have "tfevents" in it.
  EventFile(std::filesystem::path path, const std::vector<EpochRecord>& history);

  /// Adds an epoch. Throws DataError where that fails.
  void append(const EpochRecord& record);

 private:
  std::filesystem::path path_;
};

}  // namespace merc
