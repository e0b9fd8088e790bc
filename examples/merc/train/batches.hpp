#pragma once

#include "model/network.hpp"

#include <functional>

namespace merc {

/// The dialogs of a stage, in batches of a new order every epoch. One batch of all of them is laid out once.
///
/// Grouped by length, the new order is cut into windows of a few batches (4, half of all where that is less), each window is sorted by
/// length before it is cut into batches, and the batches come in an order of their own: similar lengths together, and yet other companions
/// every epoch.
class Batches {
 public:
  /// The size of a batch and whether it groups lengths are the stage's, what is laid out is what the network reads.
  Batches(std::vector<const Dialog*> dialogs, const NetworkOptions& network, const Stage& stage, Pooling pooling, torch::Device device);

  int64_t count() const { return (static_cast<int64_t>(dialogs_.size()) + size_ - 1) / size_; }  ///< batches an epoch

  /// The batches of an epoch; the seed alone decides the order.
  void for_each(uint64_t seed, const std::function<void(const Batch&)>& use) const;

  /// The dialogs of the batches of an epoch, by number.
  std::vector<std::vector<int64_t>> order(uint64_t seed) const;

 private:
  Batch lay_out(std::span<const int64_t> numbers) const;

  std::vector<const Dialog*> dialogs_;
  std::vector<std::string> modalities_, speakers_;
  int64_t size_;
  bool group_by_length_;
  Pooling pooling_;
  torch::Device device_;
  Batch whole_;  ///< laid out where there is one batch
};

}  // namespace merc
