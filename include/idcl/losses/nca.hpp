#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/losses/detail/sample_weights.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::nca_loss` and `NCALoss`.
///
///     F::nca_loss(embeddings, labels, NCALossOptions().softmax_scale(5));
struct NCALossOptions {
  /// > 0: what distances are multiplied by.
  TORCH_ARG(double, softmax_scale) = 1;
  /// A batch of one anchor: false, it has the loss of the formula; true, as PyTorch Metric Learning has it, zero.
  TORCH_ARG(bool, single_anchor_is_zero) = false;
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{.power = 2 };
  /// `kMean` over anchors that have a positive, `kSum`, or `kNone`: [N], zero for an anchor without one.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const NCALossOptions& options) { check::positive("idcl::nca_loss", "softmax_scale", options.softmax_scale()); }

/// A composition: similarity x labels x InfoNCE x reduction; given pairs only weight the anchors.
inline Tensor nca_loss(const LabelArguments& arguments, const NCALossOptions& options) {
  check_options(options);
  check_arguments("idcl::nca_loss", arguments);
  const objective::InfoNCE objective{.temperature = (options.similarity().distance ? -1 : 1) / options.softmax_scale()};
  auto all = arguments;
  all.pairs.reset();
  auto rows = label_rows("idcl::nca_loss", objective, options.similarity(), all, options);
  if (arguments.pairs) rows.loss = rows.loss * sample_weights(arguments, rows.loss.options().requires_grad(false));
  if (options.single_anchor_is_zero() && rows.loss.size(0) == 1) rows.loss = rows.loss * 0;
  return reduce(options.reduction(), rows.loss, rows.terms, arguments.labels);
}

}  // namespace detail

namespace functional {

/// Neighbourhood components analysis: the probability that an anchor picks a neighbour of its own class.
///
///   L = mean_i -log( sum_P exp(-scale d_ip) / sum_(P u N) exp(-scale d_ij) )          d: squared Euclidean distance of rows of unit length
///
/// The mean is over anchors that have a positive. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or `mining::Triplets`, which weight each anchor
/// by how often they name it, the most frequent 1; all pairs count all the same. Returns a scalar, or [N] for `kNone`; float64 for
/// float64 input, else float32. Throws on shapes, types and devices that disagree and on options out of range. Time: 6 N^2 D
/// FLOPs (with an inner product as similarity 4 N^2 D), against another set 8 N M D; memory: O(N D) and the workspace. Twice
/// differentiable where the similarity is an inner product; elsewhere use the dense evaluator. Goldberger et al. 2004, eq. 4.
inline constexpr idcl::detail::LabelLossFunction<NCALossOptions, idcl::detail::nca_loss, idcl::detail::Memory::Beside> nca_loss{};

}  // namespace functional

/// `functional::nca_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class NCALossImpl : public detail::LabelLossModule<NCALossImpl, NCALossOptions, decltype(functional::nca_loss)> {
 public:
  explicit NCALossImpl(const NCALossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::NCALoss(softmax_scale=" << options.softmax_scale()
           << ", single_anchor_is_zero=" << options.single_anchor_is_zero() << ", reduction=" << detail::name_of(options.reduction())
           << ")";
  }
};

TORCH_MODULE(NCALoss);

}  // namespace idcl
