#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/nt_xent.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::nt_xent_loss` and `NTXentLoss`.
///
///     F::nt_xent_loss(embeddings, labels, NTXentLossOptions().temperature(0.1));
struct NTXentLossOptions {
  /// > 0 and finite, in units of similarity.
  TORCH_ARG(double, temperature) = 0.07;
  /// >= 0, added to each quotient inside its logarithm. 0: the exact loss. PyTorch Metric Learning's is the type's smallest normal number,
  /// which caps terms at 87.3 in float32 and at 708.4 in float64, without a gradient there.
  TORCH_ARG(double, epsilon) = 0;
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over positive pairs, `kSum`, or `kNone`: [N], the sum of each anchor's terms.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const NTXentLossOptions& options) {
  check::positive("idcl::nt_xent_loss", "temperature", options.temperature());
  check::not_negative("idcl::nt_xent_loss", "epsilon", options.epsilon());
}

/// A composition: similarity x labels x NTXent x reduction. A distance counts as its negative.
inline Tensor nt_xent_loss(const LabelArguments& arguments, const NTXentLossOptions& options) {
  check_options(options);
  const auto temperature = options.similarity().distance ? -options.temperature() : options.temperature();
  const objective::NTXent objective{.temperature = temperature, .epsilon = options.epsilon()};
  return label_loss("idcl::nt_xent_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// NT-Xent (InfoNCE, SimCLR): one term for each positive pair, against the negatives of its anchor.
///
///   L = mean_(i,p) -log( exp(s_ip / t) / ( exp(s_ip / t) + sum_N(i) exp(s_in / t) ) )          s: cosine
///
/// The mean is over all positive pairs of the batch; an anchor's other positives are not in the denominator, and without negatives its
/// terms are 0. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts,
/// also the diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that count then; a pair given twice is two terms,
/// and twice in the sum. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else float32. A batch without a positive pair
/// gives zero. Throws on shapes, types and devices that disagree and on options out of range. Time: 6 N^2 D FLOPs (two sweeps
/// forward), against another set 10 N M D; memory: O(N D) and the workspace. Twice differentiable for similarities that are inner
/// products. Sohn 2016; Chen et al. 2020, eq. 1.
inline constexpr idcl::detail::LabelLossFunction<NTXentLossOptions, idcl::detail::nt_xent_loss, idcl::detail::Memory::Beside>
    nt_xent_loss{};

}  // namespace functional

/// `functional::nt_xent_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class NTXentLossImpl : public detail::LabelLossModule<NTXentLossImpl, NTXentLossOptions, decltype(functional::nt_xent_loss)> {
 public:
  explicit NTXentLossImpl(const NTXentLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::NTXentLoss(temperature=" << options.temperature() << ", epsilon=" << options.epsilon()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(NTXentLoss);

}  // namespace idcl
