#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/contrastive.hpp"
#include "idcl/similarity/snr.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::signal_to_noise_ratio_contrastive_loss` and `SignalToNoiseRatioContrastiveLoss`.
///
///     F::signal_to_noise_ratio_contrastive_loss(embeddings, labels, SignalToNoiseRatioContrastiveLossOptions().neg_margin(2));
struct SignalToNoiseRatioContrastiveLossOptions {
  /// Finite: positives closer than this cost nothing.
  TORCH_ARG(double, pos_margin) = 0;
  /// Finite: negatives farther than this cost nothing.
  TORCH_ARG(double, neg_margin) = 1;
  /// `kMeanNonZero` over pairs that violate their margin, positives and negatives apart; `kMean` over all pairs; `kSum`; `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = kMeanNonZero;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const SignalToNoiseRatioContrastiveLossOptions& options) {
  check::finite("idcl::signal_to_noise_ratio_contrastive_loss", "pos_margin", options.pos_margin());
  check::finite("idcl::signal_to_noise_ratio_contrastive_loss", "neg_margin", options.neg_margin());
}

inline Tensor signal_to_noise_ratio_contrastive_loss(const LabelArguments& arguments,
                                                     const SignalToNoiseRatioContrastiveLossOptions& options) {
  check_options(options);
  const objective::Contrastive objective{.pos_margin = options.pos_margin(),
                                         .neg_margin = options.neg_margin(),
                                         .distance = true,
                                         .skip_zeros = skips_zeros(options.reduction())};
  return label_loss("idcl::signal_to_noise_ratio_contrastive_loss", objective, similarity::SignalToNoise{}, arguments, options);
}

}  // namespace detail

namespace functional {

/// Contrastive loss of the noise-to-signal ratio: positives are drawn within one margin, negatives pushed beyond another.
///
///   L = mean_P [ d_ip - pos_margin ]+  +  mean_N [ neg_margin - d_in ]+          d_ij = var(x_i - x_j) / var(x_i), rows of unit length
///
/// Each mean is over the pairs that violate their margin; the variance is over a row's entries. embeddings: [N, D]; labels: integers [N];
/// optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`, the only pairs that count then; a pair given twice is two terms. Returns a scalar, or [N] for `kNone`; float64 for
/// float64 input, else float32. No pairs give zero. Throws on shapes, types and devices that disagree and on options out of range. Time:
/// 8 N M D FLOPs; memory: O(N D) and the workspace. Twice differentiable in the dense evaluator. Yuan et al. 2019, eq. 3.
inline constexpr idcl::detail::LabelLossFunction<SignalToNoiseRatioContrastiveLossOptions,
                                                 idcl::detail::signal_to_noise_ratio_contrastive_loss, idcl::detail::Memory::Beside>
    signal_to_noise_ratio_contrastive_loss{};

}  // namespace functional

/// `functional::signal_to_noise_ratio_contrastive_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class SignalToNoiseRatioContrastiveLossImpl
    : public detail::LabelLossModule<SignalToNoiseRatioContrastiveLossImpl, SignalToNoiseRatioContrastiveLossOptions,
                                     decltype(functional::signal_to_noise_ratio_contrastive_loss)> {
 public:
  explicit SignalToNoiseRatioContrastiveLossImpl(const SignalToNoiseRatioContrastiveLossOptions& options_ = {})
      : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::SignalToNoiseRatioContrastiveLoss(pos_margin=" << options.pos_margin() << ", neg_margin=" << options.neg_margin()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(SignalToNoiseRatioContrastiveLoss);

}  // namespace idcl
