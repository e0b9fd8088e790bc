#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/evaluate.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/objective/class_logits.hpp"
#include "idcl/objective/negative_log_sum.hpp"
#include "idcl/similarity/any.hpp"

#include <torch/types.h>

#include <tuple>

/// What losses with a weight a class (proxies, classifiers) share: embeddings [N, D] are anchors, classes are references.
namespace idcl::detail {

/// Embeddings [N, D], labels [N] within [0, C), weight [C, D], or [C, K, D] where `centers`.
inline void check_classes(const char* where, const Tensor& embeddings, const Tensor& labels, const Tensor& weight, bool centers = false) {
  check::rows(where, "embeddings", embeddings);
  const auto* shape = centers ? "[C, K, " : "[C, ";
  TORCH_CHECK(weight.defined(), where, ": expected `weight` to be a tensor ", shape, embeddings.size(1), "], but got an undefined tensor");
  TORCH_CHECK_VALUE(weight.dim() == (centers ? 3 : 2) && weight.size(-1) == embeddings.size(1) && weight.numel() > 0, where,
                    ": expected `weight` to be ", shape, embeddings.size(1), "], a row for each ", centers ? "center" : "class",
                    ", but got ", weight.sizes());
  TORCH_CHECK_TYPE(weight.is_floating_point(), where, ": expected `weight` to be of floating type, but got ", weight.scalar_type());
  // narrow embeddings (half, autocast) meet float32 weights: both are computed in float32
  TORCH_CHECK_TYPE((embeddings.scalar_type() == at::kDouble) == (weight.scalar_type() == at::kDouble), where,
                   ": expected `embeddings` and `weight` both in float64, or neither, but got ", embeddings.scalar_type(), " and ",
                   weight.scalar_type());
  TORCH_CHECK_VALUE(embeddings.device() == weight.device(), where, ": expected `embeddings` and `weight` on one device, but got ",
                    embeddings.device(), " and ", weight.device());
  check::labels(where, "labels", labels, embeddings);
  if (labels.numel() == 0) return;
  const auto low = labels.min().item<int64_t>(), high = labels.max().item<int64_t>();
  TORCH_CHECK_INDEX(low >= 0 && high < weight.size(0), where, ": expected `labels` within [0, ", weight.size(0),
                    "), the classes of `weight`, but got ", low < 0 ? low : high);
}

template <class Options>
Evaluation evaluation_of(const Options& options) {
  return {.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
}

/// Who is positive: the row's own class, or its `centers` centres, which are consecutive references.
inline mining::AnyPairing own_class(const Tensor& labels, int64_t classes, int64_t centers = 1) {
  const auto names = at::arange(classes, labels.options().dtype(at::kLong)).repeat_interleave(centers);
  return mining::any_pairing(mining::Labels::Pairs{labels, names, /*self=*/false});
}

/// A softmax over classes by an objective of its own: rows of embeddings against rows of `weight` in a similarity of choice.
template <Objective O, class Options>
Tensor class_loss(const O& objective, const similarity::Any& similarity, const Tensor& embeddings, const Tensor& labels,
                  const Tensor& weight, const Options& options) {
  const auto rows =
      engine::evaluate(objective, own_class(labels, weight.size(0)), similarity.embed(embeddings), similarity.references(weight),
                       /*self=*/false, evaluation_of(options), similarity.metric());
  return reduce(options.reduction(), rows.loss, rows.terms, labels);
}

/// |x_i|, [N], above zero and flat at a row of zeros.
inline Tensor lengths(const Tensor& x) { return x.square().sum(1).clamp_min(1e-37).sqrt(); }

/// Of classes with one centre each: n_i = log sum_{c != y_i} exp(scale * s_ic) and o_i = s_{i, y_i}, both [N], of embedded rows u [N, E]
/// against embedded classes v [C, E]. A margin maps o_i and leaves n_i alone.
template <class Options>
std::tuple<Tensor, Tensor> class_logits(double scale, const Tensor& u, const Tensor& v, const Tensor& labels, const Options& options) {
  const auto others = engine::evaluate(objective::NegativeLogSum{.scale = scale}, own_class(labels, v.size(0)), u, v, /*self=*/false,
                                       evaluation_of(options));
  return {others.loss, (u * v.index_select(0, labels.to(at::kLong))).sum(1)};
}

/// n_i and o_i of `objective::ClassLogits`, both [N], of embedded rows u against embedded classes v.
template <Pool P, class Options>
std::tuple<Tensor, Tensor> class_logits(const objective::ClassLogits<P>& objective, const Tensor& u, const Tensor& v, const Tensor& labels,
                                        const Options& options, const similarity::Metric& metric = {}) {
  const auto pairing = own_class(labels, v.size(0) / objective.group, objective.group);
  const auto both = engine::evaluate(objective, pairing, u, v, /*self=*/false, evaluation_of(options), metric).loss;
  return {both.select(1, 0), both.select(1, 1)};
}

/// Cross-entropy of the own class's logit among the others': -log( e^own / (e^own + sum e^other) ), reduced. Exact where it vanishes.
template <class Options>
Tensor cross_entropy(const Tensor& others, const Tensor& own, const Tensor& labels, const Options& options) {
  const auto loss = at::log_sigmoid(own - others).neg();  // [N]
  return reduce(options.reduction(), loss, at::ones_like(loss), labels);
}

/// The shape of a module's weight, once its options say it.
template <class Options>
void check_sizes(const char* where, const Options& options) {
  TORCH_CHECK_VALUE(options.num_classes() > 0, where, ": expected `num_classes` > 0, but got ", options.num_classes());
  TORCH_CHECK_VALUE(options.embedding_size() > 0, where, ": expected `embedding_size` > 0, but got ", options.embedding_size());
}

}  // namespace idcl::detail
