#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/multi_similarity.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::multi_similarity_loss` and `MultiSimilarityLoss`.
///
///     F::multi_similarity_loss(embeddings, labels, MultiSimilarityLossOptions().alpha(2).beta(40));
struct MultiSimilarityLossOptions {
  /// > 0: sharpness of the soft maximum over positives.
  TORCH_ARG(double, alpha) = 2;
  /// > 0: of that over negatives.
  TORCH_ARG(double, beta) = 50;
  /// Finite: positives are to be more similar than this, negatives less.
  TORCH_ARG(double, base) = 0.5;
  /// What is compared; for a distance the signs change.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over all anchors, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const MultiSimilarityLossOptions& options) {
  check::positive("idcl::multi_similarity_loss", "alpha", options.alpha());
  check::positive("idcl::multi_similarity_loss", "beta", options.beta());
  check::finite("idcl::multi_similarity_loss", "base", options.base());
}

inline Tensor multi_similarity_loss(const LabelArguments& arguments, const MultiSimilarityLossOptions& options) {
  check_options(options);
  const objective::MultiSimilarity objective{
      .alpha = options.alpha(), .beta = options.beta(), .base = options.base(), .distance = options.similarity().distance};
  return label_loss("idcl::multi_similarity_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// Multi-similarity loss: a soft maximum over positives that are not similar enough, and one over negatives that are too similar.
///
///   L = mean_i [ 1/alpha log(1 + sum_P exp(-alpha (s_ip - base))) + 1/beta log(1 + sum_N exp(beta (s_in - base))) ]          s: cosine
///
/// The mean is over all anchors, those without a pair too. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that
/// count then, a pair given twice once. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else float32. Throws on shapes,
/// types and devices that disagree and on options out of range. Time: 4 N^2 D FLOPs (against another set 8 N M D); memory: O(N D)
/// and the workspace. Twice differentiable for similarities that are inner products. Wang et al. 2019, eq. 14 (which has base 1).
inline constexpr idcl::detail::LabelLossFunction<MultiSimilarityLossOptions, idcl::detail::multi_similarity_loss,
                                                 idcl::detail::Memory::Beside>
    multi_similarity_loss{};

}  // namespace functional

/// `functional::multi_similarity_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class MultiSimilarityLossImpl
    : public detail::LabelLossModule<MultiSimilarityLossImpl, MultiSimilarityLossOptions, decltype(functional::multi_similarity_loss)> {
 public:
  explicit MultiSimilarityLossImpl(const MultiSimilarityLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::MultiSimilarityLoss(alpha=" << options.alpha() << ", beta=" << options.beta() << ", base=" << options.base()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(MultiSimilarityLoss);

}  // namespace idcl
