#include "attention.hpp"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace merc {
namespace {

/// Rows [first, first + count) of one of `parts` groups of columns, one matrix a head: [heads, count, width / heads], a view.
Tensor heads_of(const Tensor& rows, int64_t parts, int64_t part, int64_t heads, int64_t first, int64_t count) {
  const auto width = rows.size(1) / parts;
  return rows.narrow(0, first, count).narrow(1, part * width, width).view({count, heads, width / heads}).transpose(0, 1);
}

struct Parts {
  Tensor query, key, value;  // [heads, rows or utterances, width / heads]
};

Parts split(const Tensor& projected, const Layout::Span& span, int64_t heads) {
  return {heads_of(projected, 3, 0, heads, span.first, span.rows), heads_of(projected, 3, 1, heads, span.first, span.utterances),
          heads_of(projected, 3, 2, heads, span.first, span.utterances)};
}

/// c = scale * a b
Tensor product(const Tensor& a, const Tensor& b, double scale = 1) {
  return at::baddbmm(at::empty({a.size(0), a.size(1), b.size(2)}, a.options()), a, b, /*beta=*/0, /*alpha=*/scale);
}

struct Attention : torch::autograd::Function<Attention> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& projected, const Layout& layout, int64_t heads,
                        Dropout* dropout) {
    const auto width = projected.size(1) / 3;
    const double scale = 1 / std::sqrt(static_cast<double>(width / heads));
    auto out = at::empty({projected.size(0), width}, projected.options());

    torch::autograd::variable_list saved{projected};
    for (const auto& span : layout.spans) {
      const auto [query, key, value] = split(projected, span, heads);
      const auto weights = at::softmax(product(query, key.transpose(1, 2), scale), -1);  // [heads, rows, utterances]
      saved.push_back(weights);
      auto dropped = weights;
      if (dropout->active()) {
        saved.push_back(dropout->keep(weights.sizes(), weights.device()));
        dropped = weights * saved.back() * dropout->scale();
      }
      heads_of(out, 1, 0, heads, span.first, span.rows).copy_(at::bmm(dropped, value));
    }
    context->save_for_backward(std::move(saved));
    context->saved_data["heads"] = heads;
    context->saved_data["dropped"] = dropout->active();
    context->saved_data["keep_scale"] = dropout->scale();
    std::vector<int64_t> spans;
    for (const auto& span : layout.spans) spans.insert(spans.end(), {span.first, span.rows, span.utterances});
    context->saved_data["spans"] = spans;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const auto heads = context->saved_data["heads"].toInt();
    const bool dropped = context->saved_data["dropped"].toBool();
    const auto keep_scale = context->saved_data["keep_scale"].toDouble();
    const auto spans = context->saved_data["spans"].toIntVector();
    const auto& projected = saved[0];
    const double scale = 1 / std::sqrt(static_cast<double>(projected.size(1) / 3 / heads));

    auto gradient = at::zeros_like(projected);
    auto next = saved.begin() + 1;
    for (size_t i = 0; i < spans.size(); i += 3) {
      const Layout::Span span{spans[i], spans[i + 1], spans[i + 2]};
      const auto [query, key, value] = split(projected, span, heads);
      auto [query_gradient, key_gradient, value_gradient] = split(gradient, span, heads);
      const auto incoming = heads_of(upstream[0], 1, 0, heads, span.first, span.rows);

      const auto weights = *next++;
      auto used = weights;
      auto weights_gradient = product(incoming, value.transpose(1, 2));
      if (dropped) {
        const auto factor = *next++ * keep_scale;
        used = weights * factor;
        weights_gradient.mul_(factor);
      }
      value_gradient.copy_(at::bmm(used.transpose(1, 2), incoming));
      const auto score_gradient = at::_softmax_backward_data(weights_gradient, weights, -1, weights.scalar_type());
      query_gradient.copy_(product(score_gradient, key, scale));
      key_gradient.copy_(product(score_gradient.transpose(1, 2), query, scale));
    }
    return {gradient, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor attend(const Tensor& projected, const Layout& layout, int64_t heads, Dropout& dropout) {
  return Attention::apply(projected, layout, heads, &dropout);
}

}  // namespace merc
