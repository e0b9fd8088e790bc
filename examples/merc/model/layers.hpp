#pragma once

#include "attention.hpp"

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

/// The parts of the network. Their children have the names of the released code, so that its state dicts load.
namespace merc {

/// x W^T, the weight stored as that of a convolution of width one: [hidden, width, 1].
struct RowProjectionImpl : torch::nn::Module {
  RowProjectionImpl(int64_t width, int64_t hidden);
  Tensor matrix() const { return weight.squeeze(2); }  ///< [hidden, width]
  Tensor weight;
};
TORCH_MODULE(RowProjection);

/// linear_k, linear_v, linear_q and, of the context, linear.
struct AttentionLayerImpl : torch::nn::Module {
  AttentionLayerImpl(int64_t hidden, int64_t heads);
  Tensor forward(const Tensor& x, const Layout& layout, Dropout& dropout);

  int64_t heads;
  torch::nn::Linear linear_k, linear_v, linear_q, linear;
};
TORCH_MODULE(AttentionLayer);

/// x + dropout(w_2 dropout(gelu(w_1 norm(x)))), gelu in its tanh form.
struct FeedForwardImpl : torch::nn::Module {
  explicit FeedForwardImpl(int64_t hidden);
  Tensor forward(const Tensor& x, Dropout& dropout);

  torch::nn::Linear w_1, w_2;
  torch::nn::LayerNorm layer_norm;
};
TORCH_MODULE(FeedForward);

/// feed_forward(dropout(self_attn(y)) + y), y = layer_norm(x) or, without a norm, x; pre-norm adds x instead of y.
struct EncoderLayerImpl : torch::nn::Module {
  EncoderLayerImpl(const Architecture& options, bool norm, bool hold_norm);
  Tensor forward(const Tensor& x, const Layout& layout, Dropout& dropout);

  bool norm, pre_norm;
  AttentionLayer self_attn{nullptr};
  FeedForward feed_forward{nullptr};
  torch::nn::LayerNorm layer_norm{nullptr};  ///< empty where it is not used, unless dead modules are held
};
TORCH_MODULE(EncoderLayer);

/// Sinusoidal positions, a table of 512.
struct PositionsImpl : torch::nn::Module {
  explicit PositionsImpl(int64_t hidden);
  Tensor of(const Layout& layout) const;  ///< [rows, hidden]
  Tensor pe;                              ///< [1, 512, hidden], a buffer
};
TORCH_MODULE(Positions);

/// A learnt vector a speaker, one parameter each by name, so that weights know whom they are of. They begin at zero: a speaker of whom
/// nothing was learnt adds nothing, and neither does one who is not in the table.
struct SpeakerTableImpl : torch::nn::Module {
  SpeakerTableImpl(const std::vector<std::string>& names, int64_t hidden);
  Tensor of(const Tensor& places) const;  ///< [rows] int64 -> [rows, hidden]

  /// A name as that of a parameter, in which no dot may stand: "Dr%2E Green".
  static std::string escaped(const std::string& name);
  static std::string unescaped(const std::string& name);

 private:
  std::vector<Tensor> rows_;
};
TORCH_MODULE(SpeakerTable);

/// One modality: dropout(x W^T + positions + added), then the layers. `added`: [rows, hidden], or undefined.
struct EncoderImpl : torch::nn::Module {
  explicit EncoderImpl(const Architecture& options);
  Tensor forward(const Tensor& features, const Tensor& projection, const Tensor& added, const Layout& layout, Dropout& dropout);

  Positions pos_emb{nullptr};
  torch::nn::ModuleList transformer_inter;
};
TORCH_MODULE(Encoder);

/// A linear map without bias, called fc.
struct MapImpl : torch::nn::Module {
  MapImpl(int64_t from, int64_t to);
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(Map);

}  // namespace merc
