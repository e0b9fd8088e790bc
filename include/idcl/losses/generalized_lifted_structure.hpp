#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/generalized_lifted_structure.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::generalized_lifted_structure_loss` and `GeneralizedLiftedStructureLoss`.
///
///     F::generalized_lifted_structure_loss(embeddings, labels, GeneralizedLiftedStructureLossOptions().neg_margin(1.5));
struct GeneralizedLiftedStructureLossOptions {
  /// Finite: what the distances of negatives are subtracted from.
  TORCH_ARG(double, neg_margin) = 1;
  /// Finite: what is subtracted from the distances of positives.
  TORCH_ARG(double, pos_margin) = 0;
  /// What is compared; for a similarity the signs change.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{};
  /// `kMean` over all anchors, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const GeneralizedLiftedStructureLossOptions& options) {
  check::finite("idcl::generalized_lifted_structure_loss", "neg_margin", options.neg_margin());
  check::finite("idcl::generalized_lifted_structure_loss", "pos_margin", options.pos_margin());
}

inline Tensor generalized_lifted_structure_loss(const LabelArguments& arguments, const GeneralizedLiftedStructureLossOptions& options) {
  check_options(options);
  const objective::GeneralizedLiftedStructure objective{
      .neg_margin = options.neg_margin(), .pos_margin = options.pos_margin(), .distance = options.similarity().distance};
  return label_loss("idcl::generalized_lifted_structure_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// Generalized lifted structure loss: the soft maximum of an anchor's positive distances against the soft minimum of its negative ones.
///
///   L = mean_i [ log sum_P exp(d_ip - pos_margin) + log sum_N exp(neg_margin - d_in) ]+          d: Euclidean distance of rows of unit length
///
/// A logarithm without pairs counts as 0; the mean is over all anchors. embeddings: [N, D]; labels: integers [N]; optionally
/// ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`, the only pairs that count then, a pair given twice once. Returns a scalar, or [N] for `kNone`; float64 for float64
/// input, else float32. Throws on shapes, types and devices that disagree and on options out of range. Time: 6 N^2 D FLOPs (with
/// an inner product as similarity 4 N^2 D), against another set 8 N M D; memory: O(N D) and the workspace. Twice differentiable where the
/// similarity is an inner product; elsewhere use the dense evaluator. Hermans et al. 2017, eq. 7.
inline constexpr idcl::detail::LabelLossFunction<GeneralizedLiftedStructureLossOptions, idcl::detail::generalized_lifted_structure_loss,
                                                 idcl::detail::Memory::Beside>
    generalized_lifted_structure_loss{};

}  // namespace functional

/// `functional::generalized_lifted_structure_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class GeneralizedLiftedStructureLossImpl
    : public detail::LabelLossModule<GeneralizedLiftedStructureLossImpl, GeneralizedLiftedStructureLossOptions,
                                     decltype(functional::generalized_lifted_structure_loss)> {
 public:
  explicit GeneralizedLiftedStructureLossImpl(const GeneralizedLiftedStructureLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::GeneralizedLiftedStructureLoss(neg_margin=" << options.neg_margin() << ", pos_margin=" << options.pos_margin()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(GeneralizedLiftedStructureLoss);

}  // namespace idcl
