#include "layers.hpp"

#include <ATen/Functions.h>

#include <cmath>

namespace merc {
namespace {

constexpr double kNormEpsilon = 1e-6;

torch::nn::LayerNorm make_norm(int64_t width) { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(kNormEpsilon)); }

Tensor linear(const Tensor& x, const torch::nn::Linear& map) { return at::addmm(map->bias, x, map->weight.t()); }

}  // namespace

RowProjectionImpl::RowProjectionImpl(int64_t width, int64_t hidden) {
  weight = register_parameter("weight", at::zeros({hidden, width, 1}));
}

AttentionLayerImpl::AttentionLayerImpl(int64_t hidden, int64_t heads)
    : heads(heads),
      linear_k(register_module("linear_k", torch::nn::Linear(hidden, hidden))),
      linear_v(register_module("linear_v", torch::nn::Linear(hidden, hidden))),
      linear_q(register_module("linear_q", torch::nn::Linear(hidden, hidden))),
      linear(register_module("linear", torch::nn::Linear(hidden, hidden))) {}

Tensor AttentionLayerImpl::forward(const Tensor& x, const Layout& layout, Dropout& dropout) {
  const auto weight = at::cat({linear_q->weight, linear_k->weight, linear_v->weight});
  const auto bias = at::cat({linear_q->bias, linear_k->bias, linear_v->bias});
  const auto projected = at::addmm(bias, x, weight.t());  // [rows, 3 hidden]
  return merc::linear(attend(projected, layout, heads, dropout), linear);
}

FeedForwardImpl::FeedForwardImpl(int64_t hidden)
    : w_1(register_module("w_1", torch::nn::Linear(hidden, hidden))),
      w_2(register_module("w_2", torch::nn::Linear(hidden, hidden))),
      layer_norm(register_module("layer_norm", make_norm(hidden))) {}

Tensor FeedForwardImpl::forward(const Tensor& x, Dropout& dropout) {
  const auto inner = dropout.dropout(at::gelu(linear(layer_norm->forward(x), w_1), "tanh"));
  return dropout.dropout_add(linear(inner, w_2), x);
}

EncoderLayerImpl::EncoderLayerImpl(const Architecture& options, bool norm, bool hold_norm)
    : norm(norm),
      pre_norm(options.pre_norm),
      self_attn(register_module("self_attn", AttentionLayer(options.hidden, options.heads))),
      feed_forward(register_module("feed_forward", FeedForward(options.hidden))) {
  if (norm || hold_norm) layer_norm = register_module("layer_norm", make_norm(options.hidden));
}

Tensor EncoderLayerImpl::forward(const Tensor& x, const Layout& layout, Dropout& dropout) {
  const auto y = norm ? layer_norm->forward(x) : x;
  return feed_forward->forward(dropout.dropout_add(self_attn->forward(y, layout, dropout), pre_norm ? x : y), dropout);
}

PositionsImpl::PositionsImpl(int64_t hidden) {
  constexpr int64_t longest = 512;
  const auto position = at::arange(longest, at::kFloat).unsqueeze(1);  // [512, 1]
  const auto rate = at::exp(at::arange(0, hidden, 2, at::kFloat) * -(std::log(10000.0) / static_cast<double>(hidden)));
  auto table = at::zeros({1, longest, hidden});
  table.slice(2, 0, hidden, 2).copy_(at::sin(position * rate));
  table.slice(2, 1, hidden, 2).copy_(at::cos(position * rate).narrow(1, 0, hidden / 2));
  pe = register_buffer("pe", table);
}

Tensor PositionsImpl::of(const Layout& layout) const {
  TORCH_CHECK_VALUE(layout.longest() <= pe.size(1), "merc: a dialog of ", layout.longest(), " utterances; the table of positions has ",
                    pe.size(1));
  std::vector<int64_t> indices;
  indices.reserve(static_cast<size_t>(layout.rows()));
  for (const auto& span : layout.spans)
    for (int64_t i = 0; i < span.rows; ++i) indices.push_back(i);
  return pe[0].index_select(0, at::tensor(indices, at::kLong).to(pe.device()));
}

EncoderImpl::EncoderImpl(const Architecture& options) {
  pos_emb = register_module("pos_emb", Positions(options.hidden));
  for (int64_t i = 0; i < options.layers; ++i)
    transformer_inter->push_back(
        EncoderLayer(options, /*norm=*/i > 0 || options.norm_first || options.pre_norm, /*hold_norm=*/options.dead_modules));
  register_module("transformer_inter", transformer_inter);
}

Tensor EncoderImpl::forward(const Tensor& features, const Tensor& projection, const Tensor& added, const Layout& layout, Dropout& dropout) {
  const auto positions = pos_emb->of(layout);
  auto x = dropout.dropout(at::addmm(added.defined() ? positions + added : positions, features, projection.t()));
  for (const auto& layer : *transformer_inter) x = layer->as<EncoderLayer>()->forward(x, layout, dropout);
  return x;
}

MapImpl::MapImpl(int64_t from, int64_t to) {
  fc = register_module("fc", torch::nn::Linear(torch::nn::LinearOptions(from, to).bias(false)));
}

}  // namespace merc
