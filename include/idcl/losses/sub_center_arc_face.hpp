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

/// Options of `functional::sub_center_arc_face_loss` and `SubCenterArcFaceLoss`.
///
///     F::sub_center_arc_face_loss(embeddings, labels, weight, SubCenterArcFaceLossOptions().margin(10));
///     SubCenterArcFaceLoss loss(SubCenterArcFaceLossOptions(num_classes, embedding_size));
struct SubCenterArcFaceLossOptions {
  SubCenterArcFaceLossOptions() = default;
  SubCenterArcFaceLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// Within [0, 180], in degrees.
  TORCH_ARG(double, margin) = 28.6;
  /// > 0 and finite: of the logits.
  TORCH_ARG(double, scale) = 64;
  /// The module's centers a class, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, sub_centers) = 3;
  /// `kMean` over rows, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const SubCenterArcFaceLossOptions& options) {
  TORCH_CHECK_VALUE(options.margin() >= 0 && options.margin() <= 180,
                    "idcl::sub_center_arc_face_loss: expected `margin` in degrees, within [0, 180], but got ", options.margin());
  check::positive("idcl::sub_center_arc_face_loss", "scale", options.scale());
  TORCH_CHECK_VALUE(options.sub_centers() > 0, "idcl::sub_center_arc_face_loss: expected `sub_centers` > 0, but got ",
                    options.sub_centers());
}

}  // namespace detail

/// Sub-center ArcFace: ArcFace with several centers a class, of which the nearest counts; noisy rows find a center of their own.
///
///   L = mean_i -log( e^{z_i} / (e^{z_i} + sum_{c != y_i} exp(scale * s_ic)) )     s_ic = max_k cos a_ick,  a_i = arccos s_{i, y_i}
///
/// with z_i = scale * cos(a_i + margin), and as in ArcFace beyond 180 degrees - margin. The slope is the nearest center's.
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, K, D], K centers for each class. Returns a scalar, or [N]
/// for `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that
/// disagree, labels that are no class and options out of range. Time: 8 N C K D FLOPs, nothing of size N x C in memory:
/// O((N + C K) D) and the workspace. Twice differentiable. Deng et al. 2020, eq. 3.
inline Tensor sub_center_arc_face_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight,
                                       const SubCenterArcFaceLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::sub_center_arc_face_loss", embeddings, labels, weight, /*centers=*/true);
  const similarity::Cosine cosine;
  const objective::ClassLogits<pool::Maximum> objective{.scale = options.scale(), .group = weight.size(1)};
  const auto u = cosine.embed(embeddings), v = cosine.embed(weight.flatten(0, 1));
  const auto [others, own] = idcl::detail::class_logits(objective, u, v, labels, options);
  const auto widened = angular_margin::added(own, options.margin() * std::numbers::pi / 180);
  return idcl::detail::cross_entropy(others, widened * options.scale(), labels, options);
}

}  // namespace functional

/// `functional::sub_center_arc_face_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, sub_centers, embedding_size] starts standard normal, as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class SubCenterArcFaceLossImpl
    : public detail::ClassLossModule<SubCenterArcFaceLossImpl, SubCenterArcFaceLossOptions, functional::sub_center_arc_face_loss> {
 public:
  explicit SubCenterArcFaceLossImpl(const SubCenterArcFaceLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::SubCenterArcFaceLoss", options);
    reset();
  }

  static Tensor initial_weight(const SubCenterArcFaceLossOptions& options) {
    return torch::randn({options.num_classes(), options.sub_centers(), options.embedding_size()});
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::SubCenterArcFaceLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", margin=" << options.margin() << ", scale=" << options.scale() << ", sub_centers=" << options.sub_centers()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(SubCenterArcFaceLoss);

}  // namespace idcl
