#include "gru.hpp"

#include <ATen/Functions.h>
#include <torch/nn/modules/rnn.h>

#include <algorithm>
#include <numeric>

namespace merc {
namespace {

/// The rows of a batch in the order in which recurrent layers take them: the first utterances of all dialogs, then the second ones, and so
/// on, longer dialogs first.
struct TimeMajor {
  Tensor rows;   ///< [rows] int64: which row comes at each place
  Tensor sizes;  ///< [longest] int64: how many dialogs have a t-th utterance
};

TimeMajor time_major(const Layout& layout, torch::Device device) {
  std::vector<size_t> order(layout.spans.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) {
    const auto rows_a = layout.spans[a].rows, rows_b = layout.spans[b].rows;
    return rows_a != rows_b ? rows_a > rows_b : a < b;
  });
  std::vector<int64_t> rows, sizes;
  for (int64_t t = 0; t < layout.longest(); ++t) {
    const auto before = std::ssize(rows);
    for (const auto dialog : order)
      if (layout.spans[dialog].rows > t) rows.push_back(layout.spans[dialog].first + t);
    sizes.push_back(std::ssize(rows) - before);
  }
  return {at::tensor(rows, at::kLong).to(device), at::tensor(sizes, at::kLong)};
}

}  // namespace

GruEncoderImpl::GruEncoderImpl(const Architecture& options) {
  for (int64_t i = 0; i < options.layers; ++i)
    gru->push_back(torch::nn::GRU(torch::nn::GRUOptions(options.hidden, options.hidden / 2).bidirectional(true)));
  register_module("gru", gru);
}

Tensor GruEncoderImpl::forward(const Tensor& features, const Tensor& projection, const Tensor& added, const Layout& layout,
                               Dropout& dropout) {
  const auto projected = at::mm(features, projection.t());  // [rows, hidden]
  auto x = dropout.dropout(added.defined() ? projected + added : projected);
  if (layout.rows() == 0) return x;
  const auto [rows, sizes] = time_major(layout, x.device());
  x = x.index_select(0, rows);
  for (const auto& layer : *gru) {
    auto* one = layer->as<torch::nn::GRU>();
    const auto start = at::zeros({2, static_cast<int64_t>(layout.spans.size()), x.size(1) / 2}, x.options());
    x = std::get<0>(at::gru(x, sizes, start, one->all_weights(), /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0, /*train=*/true,
                            /*bidirectional=*/true));
    x = dropout.dropout(x);
  }
  return at::zeros_like(x).index_copy(0, rows, x);
}

}  // namespace merc
