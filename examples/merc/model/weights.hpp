#pragma once

#include "../train/trainer.hpp"
#include "network.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace merc {

/// Named tensors, in order.
using StateDict = torch::OrderedDict<std::string, Tensor>;

/// Parameters and buffers of a network, the tensors themselves.
StateDict state_dict(const NetworkImpl& network);

/// A copy, safe from further training.
StateDict snapshot(const StateDict& state);

/// Reads a `.pth` that `torch.save(model.state_dict())` wrote, whoever trained it. Throws DataError that names the path.
StateDict read_weights(const std::filesystem::path& path);

/// Writes one that Python reads as well, with the configuration of its training in the same file.
void write_weights(const std::filesystem::path& path, const StateDict& state, const Config& config);

/// The configuration that a file of weights carries; nothing where it is none of ours. Throws DataError that names the path.
std::optional<Config> read_config(const std::filesystem::path& path);

/// The options of the network that a state dict belongs to: modalities, widths, hidden size, layers, classes and dead modules from the
/// names and shapes, the rest from `hints`. Encoders alone, as stage 1 leaves them, have no classes. Throws DataError: "PATH: no tensor
/// all_output_layer.weight, ..."
NetworkOptions infer_options(const StateDict& state, const Architecture& hints, const std::string& path);

/// Puts a state into a network entry by entry. Every entry of the network must be there in its shape; entries that it lacks are ignored
/// where they are dead modules of the released code, else refused. Throws DataError that names the entry and both shapes.
void load(NetworkImpl& network, const StateDict& state, const std::string& path);

/// Copies what agrees in name and shape, and says what did not. Throws DataError when nothing does.
Transfer transfer(NetworkImpl& network, const StateDict& state);

}  // namespace merc
