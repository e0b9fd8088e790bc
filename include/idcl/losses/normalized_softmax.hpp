#pragma once

#include "idcl/losses/detail/class_loss_module.hpp"
#include "idcl/objective/info_nce.hpp"

#include <torch/arg.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <ostream>

namespace idcl {

/// Options of `functional::normalized_softmax_loss` and `NormalizedSoftmaxLoss`.
///
///     F::normalized_softmax_loss(embeddings, labels, weight, NormalizedSoftmaxLossOptions().temperature(0.1));
///     NormalizedSoftmaxLoss loss(NormalizedSoftmaxLossOptions(num_classes, embedding_size));
struct NormalizedSoftmaxLossOptions {
  NormalizedSoftmaxLossOptions() = default;
  NormalizedSoftmaxLossOptions(int64_t num_classes, int64_t embedding_size) : num_classes_(num_classes), embedding_size_(embedding_size) {}

  /// The module's classes, > 0; a functional takes them from its weight.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// The module's D, > 0.
  TORCH_ARG(int64_t, embedding_size) = 0;
  /// > 0 and finite, in units of similarity.
  TORCH_ARG(double, temperature) = 0.05;
  /// What is compared; a distance counts as its negative.
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

inline void check_options(const NormalizedSoftmaxLossOptions& options) {
  check::positive("idcl::normalized_softmax_loss", "temperature", options.temperature());
}

}  // namespace detail

/// Normalized softmax: cross-entropy of cosines to the classes' weights.
///
///   L = mean_i -log( exp(s_{i, y_i} / t) / sum_c exp(s_ic / t) )          s_ic: cosine of row i and the weight of class c
///
/// embeddings: [N, D]; labels: integers [N] within [0, C); weight: [C, D], a row for each class. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. An empty batch gives zero. Throws on shapes, types and devices that disagree,
/// labels that are no class and options out of range. Time: 8 N C D FLOPs, nothing of size N x C in memory: O((N + C) D)
/// and the workspace. Twice differentiable. With a distance, only in the dense evaluator. Zhai & Wu 2019, eq. 1 (NormSoftmax).
inline Tensor normalized_softmax_loss(const Tensor& embeddings, const Tensor& labels, const Tensor& weight,
                                      const NormalizedSoftmaxLossOptions& options = {}) {
  detail::check_options(options);
  idcl::detail::check_classes("idcl::normalized_softmax_loss", embeddings, labels, weight);
  const auto temperature = options.similarity().distance ? -options.temperature() : options.temperature();
  return idcl::detail::class_loss(objective::InfoNCE{.temperature = temperature}, options.similarity(), embeddings, labels, weight,
                                  options);
}

}  // namespace functional

/// `functional::normalized_softmax_loss` as a module that owns the weight: forward(embeddings, labels).
///
/// `weight` [num_classes, embedding_size] starts standard normal, as in PyTorch Metric Learning.
/// It is trained and saved with the other parameters; the options are not saved.
class NormalizedSoftmaxLossImpl
    : public detail::ClassLossModule<NormalizedSoftmaxLossImpl, NormalizedSoftmaxLossOptions, functional::normalized_softmax_loss> {
 public:
  explicit NormalizedSoftmaxLossImpl(const NormalizedSoftmaxLossOptions& options_) : ClassLossModule(options_) {
    functional::detail::check_options(options);
    detail::check_sizes("idcl::NormalizedSoftmaxLoss", options);
    reset();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::NormalizedSoftmaxLoss(num_classes=" << options.num_classes() << ", embedding_size=" << options.embedding_size()
           << ", temperature=" << options.temperature() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(NormalizedSoftmaxLoss);

}  // namespace idcl
