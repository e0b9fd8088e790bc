#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"
#include "idcl/objective/angular_margin.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <ostream>

namespace idcl {

/// Options of `functional::large_margin_softmax_loss` and `LargeMarginSoftmaxLoss`.
///
///     F::large_margin_softmax_loss(embeddings, labels, weight, LargeMarginSoftmaxLossOptions().margin(2));
///     LargeMarginSoftmaxLoss loss(LargeMarginSoftmaxLossOptions(num_classes, embedding_size));
struct LargeMarginSoftmaxLossOptions {
  LargeMarginSoftmaxLossOptions() = default;
  LargeMarginSoftmaxLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// >= 1: how many times the angle to the own class is taken.
  TORCH_ARG(int64_t, margin) = 4;
  /// > 0 and finite: of the logits.
  TORCH_ARG(double, scale) = 1;
  /// `kMean` over rows, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const LargeMarginSoftmaxLossOptions& options) {
  TORCH_CHECK_VALUE(options.margin() >= 1, "idcl::large_margin_softmax_loss: expected `margin` >= 1, but got ", options.margin());
  check::positive("idcl::large_margin_softmax_loss", "scale", options.scale());
}

}  // namespace detail

/// Large-margin softmax: a softmax over inner products in which the angle to the own class is multiplied by a margin.
///
///   L = mean_i -log( e^{z_i} / (e^{z_i} + sum_{c != y_i} exp(scale |w_c| |x_i| cos a_ic)) )     z_i = scale |w_y| |x_i| psi(a_{i, y_i})
///   psi(a) = (-1)^k cos(margin a) - 2k  for a in [k pi / margin, (k + 1) pi / margin]
///
/// a_ic: angle between row i and the weight w_c of class c. Rows and weights keep their lengths.
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, D], a row for each class. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that disagree,
/// labels that are no class and options out of range. Time: 8 N C D FLOPs, nothing of size N x C in memory: O((N + C) D)
/// and the workspace. Twice differentiable. Liu et al. 2016, eq. 5 and 6.
inline Tensor large_margin_softmax_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight,
                                        const LargeMarginSoftmaxLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::large_margin_softmax_loss", embeddings, labels, weight);
  const auto u = similarity::at_least_float(embeddings), v = similarity::at_least_float(weight);
  const auto [others, own] = idcl::detail::class_logits(options.scale(), u, v, labels, options);
  const auto length = idcl::detail::lengths(u), weight_length = idcl::detail::lengths(v).index_select(0, labels.to(at::kLong));  // [N]
  const auto widened = angular_margin::multiplied(own / length / weight_length, options.margin());
  return idcl::detail::cross_entropy(others, length * weight_length * widened * options.scale(), labels, options);
}

}  // namespace functional

/// `functional::large_margin_softmax_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, embedding_size] starts standard normal, as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class LargeMarginSoftmaxLossImpl
    : public detail::ClassLossModule<LargeMarginSoftmaxLossImpl, LargeMarginSoftmaxLossOptions, functional::large_margin_softmax_loss> {
 public:
  explicit LargeMarginSoftmaxLossImpl(const LargeMarginSoftmaxLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::LargeMarginSoftmaxLoss", options);
    reset();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::LargeMarginSoftmaxLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", margin=" << options.margin() << ", scale=" << options.scale() << ", reduction=" << detail::name_of(options.reduction())
           << ")";
  }
};

TORCH_MODULE(LargeMarginSoftmaxLoss);

}  // namespace idcl
