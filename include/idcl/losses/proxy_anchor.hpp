#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"
#include "idcl/objective/proxy_anchor.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <ostream>
#include <variant>

namespace idcl {

/// Options of `functional::proxy_anchor_loss` and `ProxyAnchorLoss`.
///
///     F::proxy_anchor_loss(embeddings, labels, weight, ProxyAnchorLossOptions().alpha(16));
///     ProxyAnchorLoss loss(ProxyAnchorLossOptions(num_classes, embedding_size));
struct ProxyAnchorLossOptions {
  ProxyAnchorLossOptions() = default;
  ProxyAnchorLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// Finite, in units of similarity.
  TORCH_ARG(double, margin) = 0.1;
  /// > 0 and finite: the sharpness of the softmax.
  TORCH_ARG(double, alpha) = 32;
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over each part: pulls over the classes that occur, pushes over all classes, `kSum`; there are no rows for `kNone`.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const ProxyAnchorLossOptions& options) {
  check::positive("idcl::proxy_anchor_loss", "alpha", options.alpha());
  check::finite("idcl::proxy_anchor_loss", "margin", options.margin());
  TORCH_CHECK_VALUE(
      !std::holds_alternative<torch::enumtype::kNone>(options.reduction()),
      "idcl::proxy_anchor_loss: expected `reduction` kMean or kSum, but got \"none\": the loss is over classes and has no rows");
}

}  // namespace detail

/// Proxy-Anchor: each class's proxy is an anchor that pulls the batch's rows of its class and pushes all others.
///
///   L = 1/|C+| sum_{c in C+} log(1 + sum_{i: y_i = c} exp(-alpha (s_ic - margin)))          C+: the classes that occur in the batch
///     + 1/|C|  sum_c         log(1 + sum_{i: y_i != c} exp(alpha (s_ic + margin)))          s: cosine
///
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, D], a row for each class. Returns a scalar; float64 for
/// float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that disagree, labels that are no
/// class and options out of range. Time: 8 N C D FLOPs, nothing of size N x C in memory: O((N + C) D) and the workspace.
/// Twice differentiable. With a distance, only in the dense evaluator. Kim et al. 2020, eq. 4.
inline Tensor proxy_anchor_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight,
                                const ProxyAnchorLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::proxy_anchor_loss", embeddings, labels, weight);
  const auto& similarity = options.similarity();
  const objective::ProxyAnchor objective{.alpha = similarity.distance ? -options.alpha() : options.alpha(), .margin = options.margin()};
  const auto names = at::arange(weight.size(0), labels.options().dtype(at::kLong));
  const auto rows =
      engine::evaluate(objective, mining::any_pairing(mining::Labels::Pairs{names, labels, /*self=*/false}), similarity.embed(weight),
                       similarity.references(embeddings), /*self=*/false, idcl::detail::evaluation_of(options), similarity.metric());
  return idcl::detail::reduce(options.reduction(), rows.loss, rows.terms, names);
}

}  // namespace functional

/// `functional::proxy_anchor_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, embedding_size] starts normal with variance 2 / num_classes (Kaiming, fan out), as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class ProxyAnchorLossImpl : public detail::ClassLossModule<ProxyAnchorLossImpl, ProxyAnchorLossOptions, functional::proxy_anchor_loss> {
 public:
  explicit ProxyAnchorLossImpl(const ProxyAnchorLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::ProxyAnchorLoss", options);
    reset();
  }

  static Tensor initial_weight(const ProxyAnchorLossOptions& options) {
    const auto deviation = std::sqrt(2.0 / static_cast<double>(options.num_classes()));
    return torch::randn({options.num_classes(), options.embedding_size()}) * deviation;
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::ProxyAnchorLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", margin=" << options.margin() << ", alpha=" << options.alpha() << ", reduction=" << detail::name_of(options.reduction())
           << ")";
  }
};

TORCH_MODULE(ProxyAnchorLoss);

}  // namespace idcl
