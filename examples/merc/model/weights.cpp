#include "weights.hpp"

#include "archive.hpp"
#include "names.hpp"

#include <idcl/pickle/state_dict.hpp>

#include <c10/util/StringUtil.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace merc {
namespace {

/// Modules of the released code that never see a gradient.
bool is_dead(const std::string& name) {
  constexpr std::array prefixes{"speaker_embeddings.", "last_gate.", "t_output_layer.", "a_output_layer.", "feature_encoder."};
  return std::ranges::any_of(prefixes, [&](const char* prefix) { return name.starts_with(prefix); }) ||
         name.ends_with(".transformer_inter.0.layer_norm.weight") || name.ends_with(".transformer_inter.0.layer_norm.bias");
}

at::ScalarType scalar_type(const idcl::pickle::TensorView& view) {
  if (view.dtype == "float32") return at::kFloat;
  if (view.dtype == "float64") return at::kDouble;
  if (view.dtype == "float16") return at::kHalf;
  if (view.dtype == "bfloat16") return at::kBFloat16;
  if (view.dtype == "int64") return at::kLong;
  throw DataError("tensor " + view.name + " is " + view.dtype + ", expected a floating type");
}

constexpr auto config_record = "config.json";

std::string shape_of(const Tensor& tensor) { return c10::str(tensor.sizes()); }

}  // namespace

StateDict state_dict(const NetworkImpl& network) {
  auto state = network.named_parameters();
  state.update(network.named_buffers());
  return state;
}

StateDict snapshot(const StateDict& state) {
  StateDict copy;
  for (const auto& entry : state) copy.insert(entry.key(), entry.value().detach().clone());
  return copy;
}

StateDict read_weights(const std::filesystem::path& path) {
  try {
    const auto file = idcl::pickle::read_state_dict(path);
    StateDict state;
    for (const auto& view : file.tensors) {
      auto tensor = at::empty(view.shape, scalar_type(view));
      view.copy_to(tensor.mutable_data_ptr());
      state.insert(view.name, tensor);
    }
    return state;
  } catch (const idcl::pickle::Error& error) {
    throw DataError(error.what());
  } catch (const DataError& error) {
    throw DataError(path.string() + ": " + error.what());
  }
}

void write_weights(const std::filesystem::path& path, const StateDict& state, const Config& config) {
  c10::Dict<std::string, Tensor> dict;
  for (const auto& entry : state) dict.insert(entry.key(), entry.value().detach().cpu().contiguous());
  write_archive(path, dict, {{config_record, nlohmann::json(config).dump(2) + '\n'}});
}

std::optional<Config> read_config(const std::filesystem::path& path) {
  try {
    const auto file = idcl::pickle::File::open(path);
    if (!file.bytes().starts_with("PK")) return std::nullopt;
    for (const auto& record : idcl::pickle::read_zip(file.bytes())) {
      if (!record.name.ends_with(std::string("/") + config_record)) continue;
      record.verify();
      return nlohmann::json::parse(record.data).get<Config>();
    }
    return std::nullopt;
  } catch (const idcl::pickle::Error& error) {
    throw DataError(path.string() + ": " + error.what());
  } catch (const nlohmann::json::exception&) {
    throw DataError(path.string() + ": the configuration in it is no JSON");
  } catch (const UsageError& error) {
    throw DataError(path.string() + ": " + error.what());
  }
}

NetworkOptions infer_options(const StateDict& state, const Architecture& hints, const std::string& path) {
  const auto need = [&](const std::string& name, int64_t dims) {
    const auto* tensor = state.find(name);
    if (!tensor) throw DataError(path + ": no tensor " + name + "; expected the weights of an IDCL network");
    if (tensor->dim() != dims)
      throw DataError(path + ": " + name + " is " + shape_of(*tensor) + ", expected " + std::to_string(dims) + " dimensions");
    return *tensor;
  };
  constexpr std::string_view suffix = "_input.0.weight", child = ".0.weight";
  const auto input = std::ranges::find_if(state, [&](const auto& entry) { return entry.key().ends_with(suffix); });
  const bool encoders_alone = !state.contains("all_output_layer.weight") && input != state.end();
  NetworkOptions options{
      .architecture = hints, .widths = {}, .classes = encoders_alone ? 0 : need("all_output_layer.weight", 2).size(0)};
  auto& architecture = options.architecture;
  architecture.hidden = encoders_alone ? need(input->key(), 3).size(0) : need("last_concat.fc.weight", 2).size(0);
  if (architecture.hidden % architecture.heads != 0)
    throw DataError(path + ": " + std::to_string(architecture.heads) + " heads do not divide the hidden size " +
                    std::to_string(architecture.hidden) + "; give the heads of the training");

  constexpr std::string_view speaker = "speakers.";
  for (const auto& entry : state)
    if (entry.key().starts_with(speaker)) options.speaker_names.push_back(SpeakerTableImpl::unescaped(entry.key().substr(speaker.size())));
  architecture.speaker_embedding = !options.speaker_names.empty();

  architecture.modalities.clear();
  std::string encoder;
  for (const auto& entry : state) {
    if (!entry.key().ends_with(suffix)) continue;
    const auto names = stream_of_input(entry.key().substr(0, entry.key().size() - child.size()));
    architecture.modalities.push_back(names.modality);
    options.widths[names.modality] = need(entry.key(), 3).size(1);
    encoder = names.encoder;
  }
  if (encoder.empty()) throw DataError(path + ": no tensor textf_input.0.weight; expected the weights of an IDCL network");

  architecture.fusion = state.contains("fusion_gate.fc.weight") ? Fusion::Gated
                        : hints.fusion == Fusion::Gated         ? Fusion::Linear
                                                                : hints.fusion;
  architecture.backbone = state.contains(encoder + ".gru.0.weight_ih_l0") ? Backbone::Gru : Backbone::Transformer;
  if (architecture.backbone == Backbone::Gru) {
    const auto layer = [&](int64_t index) { return encoder + ".gru." + std::to_string(index) + ".weight_ih_l0"; };
    for (architecture.layers = 0; state.contains(layer(architecture.layers));) ++architecture.layers;
    return options;
  }
  const auto layer = [&](int64_t index) { return encoder + ".transformer_inter." + std::to_string(index); };
  for (architecture.layers = 0; state.contains(layer(architecture.layers) + ".self_attn.linear.weight");) ++architecture.layers;
  if (const auto* speakers = state.find("speaker_embeddings.weight")) {
    architecture.dead_modules = true;
    options.speakers = speakers->size(0) - 1;
  } else {
    architecture.dead_modules = false;
    architecture.norm_first = !architecture.pre_norm && state.contains(layer(0) + ".layer_norm.weight");
  }
  return options;
}

void load(NetworkImpl& network, const StateDict& state, const std::string& path) {
  const at::NoGradGuard no_grad;
  const auto own = state_dict(network);
  for (const auto& entry : state)
    if (!own.contains(entry.key()) && !is_dead(entry.key())) throw DataError(path + ": " + entry.key() + " is not part of this network");
  for (const auto& entry : own) {
    const auto* found = state.find(entry.key());
    if (!found) throw DataError(path + ": no tensor " + entry.key() + " " + shape_of(entry.value()));
    if (found->sizes() != entry.value().sizes())
      throw DataError(path + ": " + entry.key() + " is " + shape_of(*found) + ", the network expects " + shape_of(entry.value()));
    Tensor(entry.value()).copy_(*found);
  }
}

Transfer transfer(NetworkImpl& network, const StateDict& state) {
  const at::NoGradGuard no_grad;
  const auto own = state_dict(network);
  Transfer result;
  for (const auto& entry : own) {
    const auto* found = state.find(entry.key());
    if (found && found->sizes() == entry.value().sizes()) {
      Tensor(entry.value()).copy_(*found);
      result.loaded.push_back(entry.key());
    } else {
      result.skipped.push_back(entry.key() + ": " + (found ? shape_of(*found) + " pre-trained" : "not pre-trained") + ", " +
                               shape_of(entry.value()) + " here");
    }
  }
  if (result.loaded.empty())
    throw DataError("no pre-trained weight agrees with the network in name and shape (first: " + result.skipped.front() +
                    "); pre-train with the same hidden size");
  return result;
}

}  // namespace merc
