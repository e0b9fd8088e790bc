#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/threshold_consistent_margin.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::threshold_consistent_margin_loss` and `ThresholdConsistentMarginLoss`.
///
///     F::threshold_consistent_margin_loss(embeddings, labels, ThresholdConsistentMarginLossOptions().margin_plus(0.8));
struct ThresholdConsistentMarginLossOptions {
  /// >= 0: weight of the positives' part.
  TORCH_ARG(double, lambda_plus) = 1;
  /// >= 0: weight of the negatives' part.
  TORCH_ARG(double, lambda_minus) = 1;
  /// Finite: positives at or below this cosine are hard.
  TORCH_ARG(double, margin_plus) = 0.9;
  /// Finite: negatives at or above this cosine are hard.
  TORCH_ARG(double, margin_minus) = 0.5;
  /// `kMean` over hard positives and over hard negatives, added; `kSum`; or `kNone`: [N], the sum of each anchor's terms.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const ThresholdConsistentMarginLossOptions& options) {
  check::not_negative("idcl::threshold_consistent_margin_loss", "lambda_plus", options.lambda_plus());
  check::not_negative("idcl::threshold_consistent_margin_loss", "lambda_minus", options.lambda_minus());
  check::finite("idcl::threshold_consistent_margin_loss", "margin_plus", options.margin_plus());
  check::finite("idcl::threshold_consistent_margin_loss", "margin_minus", options.margin_minus());
}

inline Tensor threshold_consistent_margin_loss(const LabelArguments& arguments, const ThresholdConsistentMarginLossOptions& options) {
  check_options(options);
  const objective::ThresholdConsistentMargin objective{.lambda_plus = options.lambda_plus(),
                                                       .lambda_minus = options.lambda_minus(),
                                                       .margin_plus = options.margin_plus(),
                                                       .margin_minus = options.margin_minus()};
  return label_loss("idcl::threshold_consistent_margin_loss", objective, similarity::Cosine{}, arguments, options);
}

}  // namespace detail

namespace functional {

/// Threshold-consistent margin loss: the hard pairs alone, drawn to one cosine and pushed below another, the same for all classes.
///
///   L = lambda_plus mean_(P, s <= margin_plus) (margin_plus - s_ip)  +  lambda_minus mean_(N, s >= margin_minus) (s_in - margin_minus)
///
/// Each mean is over its hard pairs. Meant to be added to another loss. embeddings: [N, D]; labels: integers [N]; optionally
/// ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`, the only pairs that count then; a pair given twice is two terms. Returns a scalar, or [N] for `kNone`; float64 for
/// float64 input, else float32. No hard pairs give zero. Throws on shapes, types and devices that disagree and on options out of range.
/// Time: 4 N^2 D FLOPs (against another set 8 N M D); memory: O(N D) and the workspace. Twice differentiable. Zhang et al. 2024,
/// eq. 4.
inline constexpr idcl::detail::LabelLossFunction<ThresholdConsistentMarginLossOptions, idcl::detail::threshold_consistent_margin_loss,
                                                 idcl::detail::Memory::Beside>
    threshold_consistent_margin_loss{};

}  // namespace functional

/// `functional::threshold_consistent_margin_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class ThresholdConsistentMarginLossImpl
    : public detail::LabelLossModule<ThresholdConsistentMarginLossImpl, ThresholdConsistentMarginLossOptions,
                                     decltype(functional::threshold_consistent_margin_loss)> {
 public:
  explicit ThresholdConsistentMarginLossImpl(const ThresholdConsistentMarginLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::ThresholdConsistentMarginLoss(lambda_plus=" << options.lambda_plus() << ", lambda_minus=" << options.lambda_minus()
           << ", margin_plus=" << options.margin_plus() << ", margin_minus=" << options.margin_minus()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(ThresholdConsistentMarginLoss);

}  // namespace idcl
