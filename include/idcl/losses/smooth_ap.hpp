#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/smooth_ap.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::smooth_ap_loss` and `SmoothAPLoss`.
///
///     F::smooth_ap_loss(embeddings, labels, SmoothAPLossOptions().temperature(0.05));
struct SmoothAPLossOptions {
  /// > 0: the difference of similarities that counts as clear.
  TORCH_ARG(double, temperature) = 0.01;
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over anchors that have a positive, `kSum`, or `kNone`: [N], zero for an anchor without one.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients; no less than a few whole rows of similarities are held.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const SmoothAPLossOptions& options) {
  check::positive("idcl::smooth_ap_loss", "temperature", options.temperature());
}

inline Tensor smooth_ap_loss(const LabelArguments& arguments, const SmoothAPLossOptions& options) {
  check_options(options);
  const objective::SmoothAP objective{.temperature = (options.similarity().distance ? -1 : 1) * options.temperature(),
                                      .with_self = arguments.is_self()};
  return label_loss("idcl::smooth_ap_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// Smooth AP: the average precision of each anchor's ranking, with sigmoids in the place of comparisons.
///
///   L = mean_i [ 1 - 1/|G(i)| sum_(k in G(i)) R+_ik / R_ik ]          R_ik = 1 + sum_(j != k) sigmoid((s_ij - s_ik) / temperature)
///
/// R is the rank of k among all elements, R+ the same sum over G(i) alone; s: cosine. G(i) is the anchor's class, the anchor included, as
/// in the authors' code; against references it is the anchor's positives. The mean is over anchors that have another positive; classes
/// may be of any size and in any order.
///
/// embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the
/// diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that count then, a pair given twice once. Returns a scalar,
/// or [N] for `kNone`; float64 for float64 input, else float32. Throws on shapes, types and devices that disagree and on options out of
/// range.
///
/// A term compares every two pairs of an anchor, so that the similarities of some anchors with all references are held at a time, and
/// swept once for each positive. Time: 8 N M D FLOPs and 2 N M P sigmoids, P the size of the largest class; memory: O(N D) and the
/// workspace, whatever the classes (dense: N M P). Twice differentiable in the dense evaluator. Brown et al. 2020.
inline constexpr idcl::detail::LabelLossFunction<SmoothAPLossOptions, idcl::detail::smooth_ap_loss> smooth_ap_loss{};

}  // namespace functional

/// `functional::smooth_ap_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class SmoothAPLossImpl : public detail::LabelLossModule<SmoothAPLossImpl, SmoothAPLossOptions, decltype(functional::smooth_ap_loss)> {
 public:
  explicit SmoothAPLossImpl(const SmoothAPLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::SmoothAPLoss(temperature=" << options.temperature() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(SmoothAPLoss);

}  // namespace idcl
