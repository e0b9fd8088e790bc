#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <ostream>

namespace idcl {

/// Options of `functional::soft_triple_loss` and `SoftTripleLoss`.
///
///     F::soft_triple_loss(embeddings, labels, weight, SoftTripleLossOptions().gamma(0.2));
///     SoftTripleLoss loss(SoftTripleLossOptions(num_classes, embedding_size));
struct SoftTripleLossOptions {
  SoftTripleLossOptions() = default;
  SoftTripleLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// The module's centers a class, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, centers_per_class) = 10;
  /// > 0 and finite: of the logits (the paper's lambda).
  TORCH_ARG(double, la) = 20;
  /// > 0 and finite, in units of similarity: how far beyond the nearest center is looked.
  TORCH_ARG(double, gamma) = 0.1;
  /// Finite, in units of similarity.
  TORCH_ARG(double, margin) = 0.01;
  /// What is compared; no distance.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over rows, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const SoftTripleLossOptions& options) {
  TORCH_CHECK_VALUE(options.centers_per_class() > 0, "idcl::soft_triple_loss: expected `centers_per_class` > 0, but got ",
                    options.centers_per_class());
  check::positive("idcl::soft_triple_loss", "la", options.la());
  check::positive("idcl::soft_triple_loss", "gamma", options.gamma());
  check::finite("idcl::soft_triple_loss", "margin", options.margin());
  TORCH_CHECK_VALUE(!options.similarity().distance, "idcl::soft_triple_loss: expected `similarity` to be no distance, but got one");
}

}  // namespace detail

/// SoftTriple: a softmax over classes of several centers, each class as similar as its centers softly are.
///
///   L = mean_i -log( e^{z_i} / (e^{z_i} + sum_{c != y_i} exp(la * s_ic)) )     z_i = la * (s_{i, y_i} - margin)
///   s_ic = sum_k p_k cos_ick,   p = softmax_k(cos_ick / gamma)
///
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, K, D], K centers for each class. Returns a scalar, or [N]
/// for `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that
/// disagree, labels that are no class and options out of range. Time: 8 N C K D FLOPs, nothing of size N x C in memory:
/// O((N + C K) D) and the workspace. Twice differentiable. Qian et al. 2019, eq. 6 and 7. There is no regulariser that merges
/// centers.
inline Tensor soft_triple_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight,
                               const SoftTripleLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::soft_triple_loss", embeddings, labels, weight, /*centers=*/true);
  const auto& similarity = options.similarity();
  const objective::ClassLogits<pool::SoftMaximum> objective{.scale = options.la(), .group = weight.size(1), .pool = {options.gamma()}};
  const auto [others, own] = idcl::detail::class_logits(objective, similarity.embed(embeddings),
                                                        similarity.references(weight.flatten(0, 1)), labels, options, similarity.metric());
  return idcl::detail::cross_entropy(others, (own - options.margin()) * options.la(), labels, options);
}

}  // namespace functional

/// `functional::soft_triple_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, centers_per_class, embedding_size] starts uniform within +-1 / sqrt(num_classes * centers_per_class), as in
/// PyTorch Metric Learning (Kaiming with a = sqrt(5), whose fan in is there the number of centers).
/// It is trained and saved with the other parameters; the options are not saved.
class SoftTripleLossImpl : public detail::ClassLossModule<SoftTripleLossImpl, SoftTripleLossOptions, functional::soft_triple_loss> {
 public:
  explicit SoftTripleLossImpl(const SoftTripleLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::SoftTripleLoss", options);
    reset();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::SoftTripleLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", centers_per_class=" << options.centers_per_class() << ", la=" << options.la() << ", gamma=" << options.gamma()
           << ", margin=" << options.margin() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  static Tensor initial_weight(const SoftTripleLossOptions& options) {
    const auto bound = 1 / std::sqrt(static_cast<double>(options.num_classes() * options.centers_per_class()));
    return torch::empty({options.num_classes(), options.centers_per_class(), options.embedding_size()}).uniform_(-bound, bound);
  }
};

TORCH_MODULE(SoftTripleLoss);

}  // namespace idcl
