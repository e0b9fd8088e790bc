#pragma once

#include "idcl/losses/detail/label_loss.hpp"
#include "idcl/objective/margin.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <ostream>

namespace idcl {

/// Options of `functional::margin_loss` and `MarginLoss`.
///
///     F::margin_loss(embeddings, labels, MarginLossOptions().margin(0.1).beta(0.9));
///     MarginLoss loss(MarginLossOptions().learn_beta(true).num_classes(8).nu(0.01));
struct MarginLossOptions {
  /// Finite: how far pairs are to be from the boundary, each on its side.
  TORCH_ARG(double, margin) = 0.2;
  /// >= 0: weight of the boundary itself in the loss, where it is learned; keeps it from growing.
  TORCH_ARG(double, nu) = 0;
  /// Finite: the boundary between positive and negative pairs, or where a learned one starts.
  TORCH_ARG(double, beta) = 1.2;
  /// Is the module's boundary a parameter?
  TORCH_ARG(bool, learn_beta) = false;
  /// A boundary for each of so many classes where it is learned; 0: one for all.
  TORCH_ARG(int64_t, num_classes) = 0;
  /// What is compared; for a similarity the signs change: use a boundary such as 0.5.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{};
  /// `kMeanNonZero` over the parts of triplets that violate their margin; `kMean` over triplets; `kSum`; `kNone`: [N], the sum of each
  /// anchor's triplets, without what `nu` adds.
  TORCH_ARG(reduction_t, reduction) = kMeanNonZero;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const MarginLossOptions& options) {
  check::finite("idcl::margin_loss", "margin", options.margin());
  check::not_negative("idcl::margin_loss", "nu", options.nu());
  check::finite("idcl::margin_loss", "beta", options.beta());
  TORCH_CHECK_VALUE(options.num_classes() >= 0, "idcl::margin_loss: expected `num_classes` >= 0, but got ", options.num_classes());
}

/// The boundary of each anchor, [N]: one for all, or that of its class.
inline Tensor boundaries(const LabelArguments& of, const Tensor& beta) {
  constexpr auto where = "idcl::margin_loss";
  const auto& x = of.embeddings;
  TORCH_CHECK_VALUE(beta.dim() <= 1 && beta.numel() > 0 && beta.is_floating_point(), where,
                    ": expected `beta` to be one floating number, or one a class, [C], but got ", beta.scalar_type(), " ", beta.sizes());
  TORCH_CHECK_VALUE(beta.device() == x.device(), where, ": expected `beta` on ", x.device(), " as the rows are, but got ", beta.device());
  const auto typed = beta.to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  if (beta.numel() == 1) return typed.reshape({1}).expand({x.size(0)});
  if (of.labels.numel() > 0) {
    const auto low = of.labels.min().item<int64_t>(), high = of.labels.max().item<int64_t>();
    TORCH_CHECK_INDEX(low >= 0 && high < beta.size(0), where, ": expected `labels` within [0, ", beta.size(0),
                      "), the classes of `beta`, but got ", low < 0 ? low : high);
  }
  return typed.index_select(0, of.labels.to(at::kLong));
}

/// nu beta: once where all share a boundary and there is a triplet; else that of each triplet, reduced as triplets are.
inline Tensor boundary_cost(const Tensor& beta, const Tensor& of_anchors, const engine::RowLosses& rows, const MarginLossOptions& options) {
  const auto terms = rows.terms.select(1, 0), triplets = rows.terms.select(1, 1);  // [N] each
  if (beta.numel() == 1)
    return of_anchors.narrow(0, 0, std::min<int64_t>(1, of_anchors.size(0))).sum() * options.nu() * (triplets.sum() > 0);
  const auto sum = (of_anchors * triplets).sum() * options.nu();
  return std::holds_alternative<torch::enumtype::kSum>(options.reduction()) ? sum : sum * (terms.sum() > 0) / terms.sum().clamp_min(1);
}

/// `beta` undefined: the options' own.
inline Tensor margin_loss(const LabelArguments& arguments, const Tensor& beta, const MarginLossOptions& options) {
  constexpr auto where = "idcl::margin_loss";
  check_options(options);
  check_arguments(where, arguments);
  const auto boundary =
      beta.defined() ? beta : at::full({}, options.beta(), arguments.embeddings.options().dtype(at::kDouble).requires_grad(false));
  const auto of_anchors = boundaries(arguments, boundary);
  const objective::Margin objective{.margin = options.margin(),
                                    .distance = options.similarity().distance,
                                    .listed = arguments.triplets.has_value(),
                                    .skip_zeros = skips_zeros(options.reduction())};
  const auto rows = label_rows(where, objective, options.similarity(), arguments, options, {.anchors = of_anchors});
  const auto loss = reduce(options.reduction(), rows.loss, rows.terms.select(1, 0), arguments.labels);
  const bool costs =
      options.nu() > 0 && (beta.defined() || options.learn_beta()) && !std::holds_alternative<torch::enumtype::kNone>(options.reduction());
  return costs ? loss + boundary_cost(boundary, of_anchors, rows, options) : loss;
}

inline Tensor margin_loss_of_options(const LabelArguments& arguments, const MarginLossOptions& options) {
  return margin_loss(arguments, {}, options);
}

/// The calls of a loss over labels, and the same with a `beta` tensor before the options.
struct MarginLossFunction : LabelLossFunction<MarginLossOptions, margin_loss_of_options, Memory::Beside> {
  using LabelLossFunction::operator();

  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& beta, const MarginLossOptions& options = {}) const {
    return margin_loss({embeddings, labels}, beta, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const mining::Pairs& pairs, const Tensor& beta,
                    const MarginLossOptions& options = {}) const {
    return margin_loss({embeddings, labels, {}, {}, pairs}, beta, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const mining::Triplets& triplets, const Tensor& beta,
                    const MarginLossOptions& options = {}) const {
    return margin_loss({embeddings, labels, {}, {}, mining::Pairs(triplets), triplets}, beta, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                    const Tensor& beta, const MarginLossOptions& options = {}) const {
    return margin_loss({embeddings, labels, ref_embeddings, ref_labels}, beta, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                    const mining::Pairs& pairs, const Tensor& beta, const MarginLossOptions& options = {}) const {
    return margin_loss({embeddings, labels, ref_embeddings, ref_labels, pairs}, beta, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                    const mining::Triplets& triplets, const Tensor& beta, const MarginLossOptions& options = {}) const {
    return margin_loss({embeddings, labels, ref_embeddings, ref_labels, mining::Pairs(triplets), triplets}, beta, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const mining::Beside& memory, const Tensor& beta,
                    const MarginLossOptions& options = {}) const {
    return margin_loss(arguments_beside(embeddings, labels, memory), beta, options);
  }
};

}  // namespace detail

namespace functional {

/// Margin loss: positives within a boundary and negatives beyond it, each by a margin; the boundary may be learned.
///
///   L = sum_(i,p,n) ( [ d_ip - beta_i + margin ]+ + [ beta_i - d_in + margin ]+ ) / (number of the parts above zero)
///
/// d: Euclidean distance of rows of unit length. All triplets, none of them listed. embeddings: [N, D]; labels: integers [N]; optionally
/// ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`: triplets as they are, pairs as all triplets of a positive and a negative of one anchor; optionally `beta`, a
/// floating tensor which gets a gradient: one boundary for all, or one for each class, [C], with labels within [0, C). nu * beta is
/// added then: once, or with a boundary for each class, that of each triplet. Returns a scalar, or [N] for `kNone`; float64 for float64
/// input, else float32. No triplet gives zero. Throws on shapes, types and devices that disagree and on options out of range. Time:
/// 6 N^2 D FLOPs (with an inner product as similarity 4 N^2 D), against another set 8 N M D; memory: O(N D) and the workspace.
/// The second derivative: dense evaluator. Wu et al. 2017, "Sampling Matters in Deep Embedding Learning".
inline constexpr idcl::detail::MarginLossFunction margin_loss{};

}  // namespace functional

/// `functional::margin_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]).
///
/// With `learn_beta(true)` the boundary is its parameter `beta`, [1] or [num_classes], which starts at the option's value and is saved;
/// the options are not.
class MarginLossImpl : public torch::nn::Cloneable<MarginLossImpl> {
 public:
  explicit MarginLossImpl(const MarginLossOptions& options_ = {}) : options(options_) {
    detail::check_options(options);
    reset();
  }

  void reset() override {
    if (options.learn_beta())
      beta = register_parameter("beta", torch::full({std::max<int64_t>(1, options.num_classes())}, options.beta(), torch::kFloat));
  }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::MarginLoss(margin=" << options.margin() << ", nu=" << options.nu() << ", beta=" << options.beta()
           << ", learn_beta=" << options.learn_beta() << ", num_classes=" << options.num_classes()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings = {}, const Tensor& ref_labels = {}) {
    return detail::margin_loss({embeddings, labels, ref_embeddings, ref_labels}, beta, options);
  }

  /// The embeddings with themselves and with a memory, which has no gradient: what `CrossBatchMemory` calls.
  Tensor beside(const Tensor& embeddings, const Tensor& labels, const mining::Beside& memory) const {
    return detail::margin_loss(detail::arguments_beside(embeddings, labels, memory), beta, options);
  }

  MarginLossOptions options;
  Tensor beta;  ///< undefined unless it is learned

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())}, {3, torch::nn::AnyValue(Tensor())})
};

TORCH_MODULE(MarginLoss);

}  // namespace idcl
