#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/intra_pair_variance.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::intra_pair_variance_loss` and `IntraPairVarianceLoss`.
///
///     F::intra_pair_variance_loss(embeddings, labels, IntraPairVarianceLossOptions().pos_eps(0.05));
struct IntraPairVarianceLossOptions {
  /// >= 0: the share of the mean by which a positive may be worse.
  TORCH_ARG(double, pos_eps) = 0.01;
  /// >= 0: the share of the mean by which a negative may be worse.
  TORCH_ARG(double, neg_eps) = 0.01;
  /// What is compared; for a distance the signs change.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over positive and over negative pairs, added; `kSum`; or `kNone`: [N], the sum of each anchor's terms.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const IntraPairVarianceLossOptions& options) {
  check::not_negative("idcl::intra_pair_variance_loss", "pos_eps", options.pos_eps());
  check::not_negative("idcl::intra_pair_variance_loss", "neg_eps", options.neg_eps());
}

inline Tensor intra_pair_variance_loss(const LabelArguments& arguments, const IntraPairVarianceLossOptions& options) {
  check_options(options);
  const objective::IntraPairVariance objective{
      .pos_eps = options.pos_eps(), .neg_eps = options.neg_eps(), .distance = options.similarity().distance};
  return label_loss("idcl::intra_pair_variance_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// Intra-pair variance loss: no positive pair much worse than the mean positive pair of the batch, no negative than the mean negative.
///
///   L = mean_P [ (1 - pos_eps) mean(s+) - s_ip ]+^2  +  mean_N [ s_in - (1 + neg_eps) mean(s-) ]+^2          s: cosine
///
/// The means over the batch have a gradient too. Meant to be added to another loss. embeddings: [N, D]; labels: integers [N]; optionally
/// ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`, the only pairs that count then; a pair given twice is two terms. Returns a scalar, or [N] for `kNone`; float64 for
/// float64 input, else float32. No pairs give zero. Throws on shapes, types and devices that disagree and on options out of range. Time:
/// 6 N^2 D FLOPs, against another set 10 N M D; memory: O(N D) and the workspace. Twice differentiable in the dense evaluator. Yu
/// and Tao 2019, eq. 9.
inline constexpr idcl::detail::LabelLossFunction<IntraPairVarianceLossOptions, idcl::detail::intra_pair_variance_loss,
                                                 idcl::detail::Memory::Beside>
    intra_pair_variance_loss{};

}  // namespace functional

/// `functional::intra_pair_variance_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class IntraPairVarianceLossImpl : public detail::LabelLossModule<IntraPairVarianceLossImpl, IntraPairVarianceLossOptions,
                                                                 decltype(functional::intra_pair_variance_loss)> {
 public:
  explicit IntraPairVarianceLossImpl(const IntraPairVarianceLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::IntraPairVarianceLoss(pos_eps=" << options.pos_eps() << ", neg_eps=" << options.neg_eps()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(IntraPairVarianceLoss);

}  // namespace idcl
