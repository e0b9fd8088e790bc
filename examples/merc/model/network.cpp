#include "network.hpp"

#include "names.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/rnn.h>

#include <cmath>

namespace merc {
namespace {

/// Modules that the released code has and never uses.
void register_dead_modules(NetworkImpl& network, const NetworkOptions& options) {
  using namespace torch::nn;
  const auto hidden = options.architecture.hidden;
  const auto head = [&] { return Sequential(ReLU(), torch::nn::Dropout(), Linear(hidden, options.classes)); };
  network.register_module("speaker_embeddings", Embedding(EmbeddingOptions(options.speakers + 1, hidden).padding_idx(options.speakers)));
  network.register_module("last_gate", Map(hidden, hidden));
  network.register_module("t_output_layer", head());
  network.register_module("a_output_layer", head());
  network.register_module("feature_encoder", Sequential(Linear(options.classes, hidden), ReLU(), Linear(hidden, hidden)));
}

}  // namespace

NetworkImpl::NetworkImpl(const NetworkOptions& options) : options(options) {
  const auto& architecture = options.architecture;
  const auto hidden = architecture.hidden;
  for (const auto& modality : architecture.modalities) {
    const auto names = stream_names(modality);
    Stream stream{.input = RowProjection(options.widths.at(modality), hidden), .gate = Map(hidden, hidden)};
    register_module(names.input, torch::nn::ModuleList(stream.input));
    if (architecture.backbone == Backbone::Gru)
      stream.recurrent = register_module(names.encoder, GruEncoder(architecture));
    else
      stream.encoder = register_module(names.encoder, Encoder(architecture));
    register_module(names.gate, stream.gate);
    streams_.push_back(stream);
  }
  if (architecture.speaker_embedding) speakers_ = register_module("speakers", SpeakerTable(options.speaker_names, hidden));
  if (options.classes == 0) return;
  last_concat_ = register_module("last_concat", Map(static_cast<int64_t>(streams_.size()) * hidden, hidden));
  if (architecture.fusion == Fusion::Gated) {
    const auto modalities = static_cast<int64_t>(streams_.size());
    fusion_gate_ = register_module("fusion_gate", Map(modalities * hidden, modalities));
  }
  all_output_layer_ = register_module("all_output_layer", torch::nn::Linear(hidden, options.classes));
  if (architecture.dead_modules) register_dead_modules(*this, options);
}

Encoded NetworkImpl::encode(const Batch& batch, Dropout& dropout) {
  Encoded encoded;
  const auto added = speakers_ ? speakers_->of(batch.speakers) : Tensor();  // [rows, hidden]
  for (size_t i = 0; i < streams_.size(); ++i) {
    auto& [input, encoder, recurrent, gate] = streams_[i];
    const auto matrix = input->matrix();
    const auto features = batch.features.at(i).to(matrix.scalar_type());
    const auto x = encoder ? encoder->forward(features, matrix, added, batch.layout, dropout)
                           : recurrent->forward(features, matrix, added, batch.layout, dropout);
    encoded.push_back(at::sigmoid(at::mm(x, gate->fc->weight.t())) * x);
  }
  return encoded;
}

Tensor NetworkImpl::logits(const Encoded& encoded) {
  if (options.architecture.fusion != Fusion::Linear)
    return at::addmm(all_output_layer_->bias, fuse(encoded), all_output_layer_->weight.t());
  const auto weight = at::mm(all_output_layer_->weight, last_concat_->fc->weight);  // [classes, M hidden]
  const auto parts = weight.chunk(static_cast<int64_t>(encoded.size()), 1);
  auto logits = all_output_layer_->bias.unsqueeze(0);
  for (size_t i = 0; i < encoded.size(); ++i) logits = at::addmm(logits, encoded[i], parts[i].t());
  return logits;
}

Tensor NetworkImpl::fuse(const Encoded& encoded) {
  const auto all = at::cat(encoded, 1);  // [rows, M hidden]
  if (options.architecture.fusion != Fusion::Gated) {
    const auto mapped = at::mm(all, last_concat_->fc->weight.t());
    return options.architecture.fusion == Fusion::Nonlinear ? at::relu(mapped) : mapped;
  }
  const auto shares = at::softmax(at::mm(all, fusion_gate_->fc->weight.t()), 1).split(1, 1);  // M of [rows, 1]
  const auto parts = last_concat_->fc->weight.chunk(static_cast<int64_t>(encoded.size()), 1);
  Tensor fused;
  for (size_t i = 0; i < encoded.size(); ++i) {
    const auto mapped = shares[i] * at::mm(encoded[i], parts[i].t());
    fused = fused.defined() ? fused + mapped : mapped;
  }
  return fused;
}

std::vector<double> NetworkImpl::input_scales(const Batch& batch) {
  std::vector<double> scales;
  if (options.architecture.backbone == Backbone::Gru) return scales;
  for (size_t i = 0; i < streams_.size(); ++i) {
    const auto projected = at::mm(batch.features.at(i), streams_[i].input->matrix().t());
    scales.push_back(std::sqrt(projected.square().mean().item<double>() /
                               streams_[i].encoder->pos_emb->of(batch.layout).square().mean().item<double>()));
  }
  return scales;
}

void initialize(NetworkImpl& network, uint64_t seed) {
  const at::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(seed);
  const auto draw = [&](const Tensor& parameter, double bound) {
    parameter.copy_(at::empty(parameter.sizes(), at::kFloat).uniform_(-bound, bound, generator));
  };
  for (const auto& module : network.modules(/*include_self=*/false)) {
    if (const auto* linear = module->as<torch::nn::Linear>()) {
      const double bound = 1 / std::sqrt(static_cast<double>(linear->weight.size(1)));
      draw(linear->weight, bound);
      if (linear->bias.defined()) draw(linear->bias, bound);
    } else if (const auto* projection = module->as<RowProjection>()) {
      draw(projection->weight, 1 / std::sqrt(static_cast<double>(projection->weight.size(1))));
    } else if (const auto* gru = module->as<torch::nn::GRU>()) {
      for (const auto& parameter : gru->parameters()) draw(parameter, 1 / std::sqrt(static_cast<double>(gru->options.hidden_size())));
    } else if (const auto* embedding = module->as<torch::nn::Embedding>()) {
      embedding->weight.copy_(at::empty(embedding->weight.sizes(), at::kFloat).normal_(0, 1, generator));
      embedding->weight[embedding->weight.size(0) - 1].zero_();  // the padding
    }
  }
}

}  // namespace merc
