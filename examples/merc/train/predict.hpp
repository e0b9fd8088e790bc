#pragma once

#include "model/network.hpp"
#include "trainer.hpp"

namespace merc {

/// Dialogs laid out for the evaluation of a network, in batches that bound the memory.
std::vector<Batch> evaluation_batches(const std::vector<const Dialog*>& dialogs, const NetworkOptions& network, torch::Device device);

/// What a network says of every utterance of some batches, in order.
Predictions predict(NetworkImpl& network, const std::vector<Batch>& batches);

/// "cpu", "cuda", "cuda:1". Throws UsageError where there is no such device.
torch::Device device_of(const std::string& name);

}  // namespace merc
