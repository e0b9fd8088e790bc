#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <ostream>

namespace idcl {

/// Options of `functional::cos_face_loss` and `CosFaceLoss`.
///
///     F::cos_face_loss(embeddings, labels, weight, CosFaceLossOptions().margin(0.2));
///     CosFaceLoss loss(CosFaceLossOptions(num_classes, embedding_size));
struct CosFaceLossOptions {
  CosFaceLossOptions() = default;
  CosFaceLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// Finite, in units of cosine.
  TORCH_ARG(double, margin) = 0.35;
  /// > 0 and finite: of the logits.
  TORCH_ARG(double, scale) = 64;
  /// `kMean` over rows, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const CosFaceLossOptions& options) {
  check::positive("idcl::cos_face_loss", "scale", options.scale());
  check::finite("idcl::cos_face_loss", "margin", options.margin());
}

}  // namespace detail

/// CosFace: a softmax over classes in which the cosine to the own class is lowered by a margin.
///
///   L = mean_i -log( e^{z_i} / (e^{z_i} + sum_{c != y_i} exp(scale * s_ic)) )     z_i = scale * (s_{i, y_i} - margin)     s: cosine
///
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, D], a row for each class. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that disagree,
/// labels that are no class and options out of range. Time: 8 N C D FLOPs, nothing of size N x C in memory: O((N + C) D)
/// and the workspace. Twice differentiable. Wang et al. 2018, eq. 4.
inline Tensor cos_face_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight, const CosFaceLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::cos_face_loss", embeddings, labels, weight);
  const similarity::Cosine cosine;
  const auto u = cosine.embed(embeddings), v = cosine.embed(weight);
  const auto [others, own] = idcl::detail::class_logits(options.scale(), u, v, labels, options);
  return idcl::detail::cross_entropy(others, (own - options.margin()) * options.scale(), labels, options);
}

}  // namespace functional

/// `functional::cos_face_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, embedding_size] starts standard normal, as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class CosFaceLossImpl : public detail::ClassLossModule<CosFaceLossImpl, CosFaceLossOptions, functional::cos_face_loss> {
 public:
  explicit CosFaceLossImpl(const CosFaceLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::CosFaceLoss", options);
    reset();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::CosFaceLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", margin=" << options.margin() << ", scale=" << options.scale() << ", reduction=" << detail::name_of(options.reduction())
           << ")";
  }
};

TORCH_MODULE(CosFaceLoss);

}  // namespace idcl
