#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <ostream>

namespace idcl {

/// Options of `functional::proxy_nca_loss` and `ProxyNCALoss`.
///
///     F::proxy_nca_loss(embeddings, labels, weight, ProxyNCALossOptions().softmax_scale(5));
///     ProxyNCALoss loss(ProxyNCALossOptions(num_classes, embedding_size));
struct ProxyNCALossOptions {
  ProxyNCALossOptions() = default;
  ProxyNCALossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// > 0 and finite: of the logits.
  TORCH_ARG(double, softmax_scale) = 1;
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{.power = 2 };
  /// `kMean` over rows, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const ProxyNCALossOptions& options) {
  check::positive("idcl::proxy_nca_loss", "softmax_scale", options.softmax_scale());
}

}  // namespace detail

/// Proxy-NCA: neighbourhood components with one proxy a class, the own proxy in the denominator too.
///
///   L = mean_i -log( exp(-scale * d_{i, y_i}) / sum_c exp(-scale * d_ic) )          d: squared distance of unit rows and unit proxies
///
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, D], a row for each class. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that disagree,
/// labels that are no class and options out of range. Time: 8 N C D FLOPs, nothing of size N x C in memory: O((N + C) D)
/// and the workspace. Twice differentiable with similarities; with distances, as by default, only in the dense evaluator.
/// Movshovitz-Attias et al. 2017, eq. 4.
inline Tensor proxy_nca_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight,
                             const ProxyNCALossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::proxy_nca_loss", embeddings, labels, weight);
  const auto slope = options.similarity().distance ? -options.softmax_scale() : options.softmax_scale();
  return idcl::detail::class_loss(objective::InfoNCE{.temperature = 1 / slope}, options.similarity(), embeddings, labels, weight, options);
}

}  // namespace functional

/// `functional::proxy_nca_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, embedding_size] starts standard normal, as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class ProxyNCALossImpl : public detail::ClassLossModule<ProxyNCALossImpl, ProxyNCALossOptions, functional::proxy_nca_loss> {
 public:
  explicit ProxyNCALossImpl(const ProxyNCALossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::ProxyNCALoss", options);
    reset();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::ProxyNCALoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", softmax_scale=" << options.softmax_scale() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(ProxyNCALoss);

}  // namespace idcl
