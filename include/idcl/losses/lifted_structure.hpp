#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/lifted_structure.hpp"
#include "idcl/objective/negative_log_sum.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>

#include <algorithm>
#include <ostream>

namespace idcl {

/// Options of `functional::lifted_structure_loss` and `LiftedStructureLoss`.
///
///     F::lifted_structure_loss(embeddings, labels, LiftedStructureLossOptions().neg_margin(1.5));
struct LiftedStructureLossOptions {
  /// Finite: the distance that negatives are to reach.
  TORCH_ARG(double, neg_margin) = 1;
  /// Finite: the distance that positives are to keep within.
  TORCH_ARG(double, pos_margin) = 0;
  /// The other end's negatives: false, a reference's own; true, as PyTorch Metric Learning has it, those of the anchor that stands at its
  /// place, if one does. One set is the same either way.
  TORCH_ARG(bool, negatives_by_place) = false;
  /// What is compared; for a similarity the signs change.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{};
  /// `kMean` over positive pairs, `kSum`, or `kNone`: [N], the sum of each anchor's pairs.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const LiftedStructureLossOptions& options) {
  check::finite("idcl::lifted_structure_loss", "neg_margin", options.neg_margin());
  check::finite("idcl::lifted_structure_loss", "pos_margin", options.pos_margin());
}

/// What stands at the places of m references: the anchors' numbers, as far as there are anchors. [n] -> [m]
inline Tensor at_places(const Tensor& of_anchors, int64_t m) {
  const auto missing = std::max<int64_t>(m - of_anchors.size(0), 0);
  return at::cat({of_anchors.narrow(0, 0, m - missing), at::full({missing}, kNothing, of_anchors.options().requires_grad(false))});
}

/// Two evaluations: the log-sum-exp over the negatives of each element, then the positive pairs, which read those of both their ends.
inline Tensor lifted_structure_loss(const LabelArguments& of, const LiftedStructureLossOptions& options) {
  constexpr auto where = "idcl::lifted_structure_loss";
  check_options(options);
  const auto& similarity = options.similarity();
  const objective::NegativeLogSum negatives{.scale = similarity.distance ? -1.0 : 1.0, .base = options.neg_margin()};
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const auto [u, v, pairing, self, metric] = embed_labels(where, similarity, of, evaluation);
  Tensor of_anchors, of_references;  // [N], [M]
  if (self || options.negatives_by_place()) {
    of_anchors = engine::evaluate(negatives, pairing, u, v, self, evaluation, metric).loss;
    of_references = self ? of_anchors : at_places(of_anchors, v.size(0));
  } else {
    const auto [anchors, references] = engine::evaluate_both(negatives, pairing, u, v, evaluation, metric);
    of_anchors = anchors.loss;
    of_references = references.loss;
  }
  const objective::LiftedStructure objective{
      .pos_margin = options.pos_margin(), .distance = similarity.distance, .by_place = options.negatives_by_place()};
  const auto rows = engine::evaluate(objective, pairing, u, v, self, evaluation, metric, {of_anchors, of_references});
  const auto none = objective::is_empty(of_anchors).all();  // no negative in the whole batch
  return reduce(options.reduction(), rows.loss.masked_fill(none, 0), rows.terms.masked_fill(none, 0), of.labels);
}

}  // namespace detail

namespace functional {

/// Lifted structure loss: each positive pair against all the negatives of both its ends, hard ones most.
///
///   L = mean_P 1/2 [ d_ip - pos_margin + log( sum_(N(i)) exp(neg_margin - d_in) + sum_(N(p)) exp(neg_margin - d_pn) ) ]+^2
///
/// d: Euclidean distance of rows of unit length. A pair without negatives at either end has 0 for the logarithm; a batch without any
/// is zero. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also
/// the diagonal, and N(p), of a reference p, are the anchors of other classes (`negatives_by_place` for another reading); optionally
/// `mining::Pairs` or `mining::Triplets`, the only pairs that count then; a pair given twice is two terms, and twice in the sum. Returns a
/// scalar, or [N] for `kNone`; float64 for float64 input, else float32. No pairs give zero. Throws on shapes, types and devices that
/// disagree and on options out of range. Time:
/// 12 N^2 D FLOPs, against another set 16 N M D; memory: O(N D) and the workspace. The second derivative: dense evaluator.
/// Song et al. 2016, eq. 4.
inline constexpr idcl::detail::LabelLossFunction<LiftedStructureLossOptions, idcl::detail::lifted_structure_loss,
                                                 idcl::detail::Memory::Beside>
    lifted_structure_loss{};

}  // namespace functional

/// `functional::lifted_structure_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class LiftedStructureLossImpl
    : public detail::LabelLossModule<LiftedStructureLossImpl, LiftedStructureLossOptions, decltype(functional::lifted_structure_loss)> {
 public:
  explicit LiftedStructureLossImpl(const LiftedStructureLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::LiftedStructureLoss(neg_margin=" << options.neg_margin() << ", pos_margin=" << options.pos_margin()
           << ", negatives_by_place=" << options.negatives_by_place() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(LiftedStructureLoss);

}  // namespace idcl
