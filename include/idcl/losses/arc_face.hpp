#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"
#include "idcl/objective/angular_margin.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <numbers>
#include <ostream>

namespace idcl {

/// Options of `functional::arc_face_loss` and `ArcFaceLoss`.
///
///     F::arc_face_loss(embeddings, labels, weight, ArcFaceLossOptions().margin(10));
///     ArcFaceLoss loss(ArcFaceLossOptions(num_classes, embedding_size));
struct ArcFaceLossOptions {
  ArcFaceLossOptions() = default;
  ArcFaceLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// Within [0, 180], in degrees.
  TORCH_ARG(double, margin) = 28.6;
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

inline void check_options(const ArcFaceLossOptions& options) {
  TORCH_CHECK_VALUE(options.margin() >= 0 && options.margin() <= 180,
                    "idcl::arc_face_loss: expected `margin` in degrees, within [0, 180], but got ", options.margin());
  check::positive("idcl::arc_face_loss", "scale", options.scale());
}

}  // namespace detail

/// ArcFace: a softmax over classes in which the angle to the own class is widened by a margin.
///
///   L = mean_i -log( e^{z_i} / (e^{z_i} + sum_{c != y_i} exp(scale * cos a_ic)) )     z_i = scale * cos(a_{i, y_i} + margin)
///
/// a_ic: angle between row i and the weight of class c. Beyond 180 degrees - margin, where that would rise again,
/// z_i = scale * (cos a - margin sin margin), with the margin in radians.
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, D], a row for each class. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that disagree,
/// labels that are no class and options out of range. Time: 8 N C D FLOPs, nothing of size N x C in memory: O((N + C) D)
/// and the workspace. Twice differentiable. Deng et al. 2019, eq. 3.
inline Tensor arc_face_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight, const ArcFaceLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::arc_face_loss", embeddings, labels, weight);
  const similarity::Cosine cosine;
  const auto u = cosine.embed(embeddings), v = cosine.embed(weight);
  const auto [others, own] = idcl::detail::class_logits(options.scale(), u, v, labels, options);
  const auto widened = angular_margin::added(own, options.margin() * std::numbers::pi / 180);
  return idcl::detail::cross_entropy(others, widened * options.scale(), labels, options);
}

}  // namespace functional

/// `functional::arc_face_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, embedding_size] starts standard normal, as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class ArcFaceLossImpl : public detail::ClassLossModule<ArcFaceLossImpl, ArcFaceLossOptions, functional::arc_face_loss> {
 public:
  explicit ArcFaceLossImpl(const ArcFaceLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::ArcFaceLoss", options);
    reset();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::ArcFaceLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", margin=" << options.margin() << ", scale=" << options.scale() << ", reduction=" << detail::name_of(options.reduction())
           << ")";
  }
};

TORCH_MODULE(ArcFaceLoss);

}  // namespace idcl
