#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/contrastive.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>

#include <cstddef>
#include <memory>
#include <ostream>

namespace idcl {

/// Options of `functional::contrastive_loss` and `ContrastiveLoss`.
///
///     F::contrastive_loss(embeddings, labels, ContrastiveLossOptions().neg_margin(1.2));
struct ContrastiveLossOptions {
  /// Finite: positives closer than this cost nothing.
  TORCH_ARG(double, pos_margin) = 0;
  /// Finite: negatives farther than this cost nothing.
  TORCH_ARG(double, neg_margin) = 1;
  /// What is compared; for a similarity the signs change: use margins such as 1 and 0.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{};
  /// `kMeanNonZero` over pairs that violate their margin, positives and negatives apart; `kMean` over all pairs; `kSum`; `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = kMeanNonZero;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const ContrastiveLossOptions& options) {
  check::finite("idcl::contrastive_loss", "pos_margin", options.pos_margin());
  check::finite("idcl::contrastive_loss", "neg_margin", options.neg_margin());
}

inline Tensor contrastive_loss(const LabelArguments& arguments, const ContrastiveLossOptions& options) {
  check_options(options);
  const objective::Contrastive objective{.pos_margin = options.pos_margin(),
                                         .neg_margin = options.neg_margin(),
                                         .distance = options.similarity().distance,
                                         .skip_zeros = skips_zeros(options.reduction())};
  return label_loss("idcl::contrastive_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// Contrastive loss: positives are drawn within one margin, negatives pushed beyond another.
///
///   L = mean_P [ d_ip - pos_margin ]+  +  mean_N [ neg_margin - d_in ]+          d: Euclidean distance of rows of unit length
///
/// Each mean is over the pairs that violate their margin. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that
/// count then; a pair given twice is two terms. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else float32. Equal rows
/// are at distance 0 exactly, with slope 0. No pairs give zero. Throws on shapes, types and devices that disagree and on options out of
/// range. Time: 6 N^2 D FLOPs (with an inner product as similarity 4 N^2 D), against another set 8 N M D; memory: O(N D) and the
/// workspace. Twice differentiable where the similarity is an inner product; elsewhere use the dense evaluator. Hadsell et al. 2006.
inline constexpr idcl::detail::LabelLossFunction<ContrastiveLossOptions, idcl::detail::contrastive_loss, idcl::detail::Memory::Beside>
    contrastive_loss{};

}  // namespace functional

/// `functional::contrastive_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class ContrastiveLossImpl
    : public detail::LabelLossModule<ContrastiveLossImpl, ContrastiveLossOptions, decltype(functional::contrastive_loss)> {
 public:
  explicit ContrastiveLossImpl(const ContrastiveLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::ContrastiveLoss(pos_margin=" << options.pos_margin() << ", neg_margin=" << options.neg_margin()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

/// Holds the module, as `TORCH_MODULE` would; `ContrastiveLoss<>` where a type has to be written out, since the name with policies
/// is the composition of them.
template <>
struct ContrastiveLoss<> : torch::nn::ModuleHolder<ContrastiveLossImpl> {
  using torch::nn::ModuleHolder<ContrastiveLossImpl>::ModuleHolder;
  using Impl TORCH_UNUSED_EXCEPT_CUDA = ContrastiveLossImpl;
};

ContrastiveLoss() -> ContrastiveLoss<>;
ContrastiveLoss(const ContrastiveLossOptions&) -> ContrastiveLoss<>;
ContrastiveLoss(std::nullptr_t) -> ContrastiveLoss<>;
ContrastiveLoss(std::shared_ptr<ContrastiveLossImpl>) -> ContrastiveLoss<>;

}  // namespace idcl
