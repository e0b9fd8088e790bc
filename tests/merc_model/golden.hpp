#pragma once

#include "model/weights.hpp"
#include "train/objective.hpp"

#include <torch/csrc/jit/serialization/pickle.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// The released model at a small size, as tests/golden/README.md describes it.
namespace merc::golden {

inline std::filesystem::path folder() { return std::filesystem::path(IDCL_TEST_DATA) / "golden" / "model"; }

inline nlohmann::json description() {
  std::ifstream file(folder() / "official_small.json");
  return nlohmann::json::parse(file);
}

/// A plain dict of tensors, read by LibTorch.
inline StateDict tensors(const std::string& name) {
  std::ifstream file(folder() / name, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  StateDict dict;
  for (const auto& entry : torch::jit::pickle_load(bytes).toGenericDict()) dict.insert(entry.key().toStringRef(), entry.value().toTensor());
  return dict;
}

/// The network that a file of weights belongs to.
inline Network network(const std::string& file, at::ScalarType dtype) {
  const auto state = read_weights(folder() / file);
  Architecture hints;
  hints.heads = description().at("config").at("heads");
  Network network(infer_options(state, hints, file));
  load(*network, state, file);
  network->to(dtype);
  return network;
}

/// "input.*" or "pretrain_input.*" laid out as the network takes it; features [L, B, D], mask and labels [B, L].
inline Batch batch(const StateDict& all, const std::string& prefix, Pooling pooling, at::ScalarType dtype) {
  const auto mask = all[prefix + "umask"].to(at::kBool);  // [B, L]
  const auto counts = mask.sum(1);
  const std::vector<int64_t> lengths(counts.const_data_ptr<int64_t>(), counts.const_data_ptr<int64_t>() + counts.numel());
  const bool padded = pooling == Pooling::Padded;
  const auto rows = [&](const Tensor& x) { return padded ? x.flatten(0, 1) : x.index({mask}); };  // [B, L, ...] -> [rows, ...]
  Batch batch;
  batch.layout = padded ? Layout::padded(lengths) : Layout::packed(lengths);
  for (const auto* modality : {"text", "audio"})
    batch.features.push_back(rows(all[prefix + modality].transpose(0, 1)).to(dtype).contiguous());
  batch.labels = rows(all[prefix + "labels"].masked_fill(mask.logical_not(), -1)).contiguous();
  return batch;
}

/// A result of the network over the rows of a padded batch: [B L, width] -> [B, L, width].
inline Tensor unflatten(const Tensor& rows, const Layout& layout) {
  return rows.view({static_cast<int64_t>(layout.spans.size()), layout.longest(), -1});
}

inline void require_close(const std::string& what, const Tensor& actual, const Tensor& expected, double relative, double absolute) {
  INFO(what << ": largest difference " << (actual - expected).abs().max().item<double>());
  REQUIRE(actual.sizes() == expected.sizes());
  REQUIRE(at::allclose(actual, expected, relative, absolute));
}

}  // namespace merc::golden
