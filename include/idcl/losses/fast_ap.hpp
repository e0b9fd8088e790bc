#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/losses/detail/sample_weights.hpp"
#include "idcl/objective/fast_ap.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::fast_ap_loss` and `FastAPLoss`.
///
///     F::fast_ap_loss(embeddings, labels, FastAPLossOptions().num_bins(20));
struct FastAPLossOptions {
  /// >= 1: bins of the histograms, over squared distances in [0, 4].
  TORCH_ARG(int64_t, num_bins) = 10;
  /// `kMean` over anchors that have a positive, `kSum`, or `kNone`: [N], zero for an anchor without one.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs, histograms and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const FastAPLossOptions& options) {
  TORCH_CHECK_VALUE(options.num_bins() >= 1, "idcl::fast_ap_loss: expected `num_bins` >= 1, but got ", options.num_bins());
}

/// A composition: cosine x labels x FastAP x reduction; given pairs only weight the anchors.
inline Tensor fast_ap_loss(const LabelArguments& arguments, const FastAPLossOptions& options) {
  check_options(options);
  check_arguments("idcl::fast_ap_loss", arguments);
  const LabelArguments all{arguments.embeddings, arguments.labels, arguments.references, arguments.reference_labels};
  auto rows = label_rows("idcl::fast_ap_loss", objective::FastAP{.num_bins = options.num_bins()}, similarity::Cosine{}, all, options);
  if (arguments.pairs) rows.loss = rows.loss * sample_weights(arguments, rows.loss.options().requires_grad(false));
  return reduce(options.reduction(), rows.loss, rows.terms, arguments.labels);
}

}  // namespace detail

namespace functional {

/// FastAP: the average precision of each anchor's ranking, from histograms of its distances.
///
///   L = mean_i [ 1 - 1/|P(i)| sum_b h+_b H+_b / H_b ]          h+_b: positives in bin b; H+_b, H_b: positives, and all pairs, up to bin b
///
/// The bins are even in d = |x_i - x_j|^2 of rows of unit length, d = 2 - 2 cos; a pair is shared out between the two nodes it lies
/// between, which is what the slope comes from. The mean is over anchors that have a positive.
///
/// embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the
/// diagonal; optionally `mining::Pairs` or `mining::Triplets`, which weight each anchor by how often they name it, the most frequent 1;
/// all pairs count all the same. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else float32. Throws on shapes, types
/// and devices that disagree and on options out of range. Time: 4 N^2 D FLOPs, against another set 8 N M D, and a few operations
/// a pair whatever the number of bins; memory: O(N (D + bins)) and the workspace. Twice differentiable. Cakir et al. 2019.
inline constexpr idcl::detail::LabelLossFunction<FastAPLossOptions, idcl::detail::fast_ap_loss> fast_ap_loss{};

}  // namespace functional

/// `functional::fast_ap_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class FastAPLossImpl : public detail::LabelLossModule<FastAPLossImpl, FastAPLossOptions, decltype(functional::fast_ap_loss)> {
 public:
  explicit FastAPLossImpl(const FastAPLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::FastAPLoss(num_bins=" << options.num_bins() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(FastAPLoss);

}  // namespace idcl
