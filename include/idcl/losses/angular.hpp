#pragma once

#include "idcl/engine/recomputed.hpp"
#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/losses/detail/positive_blocks.hpp"
#include "idcl/objective/negative_log_sum.hpp"

#include <torch/arg.h>

#include <cmath>
#include <numbers>
#include <ostream>

namespace idcl {

/// Options of `functional::angular_loss` and `AngularLoss`.
///
///     F::angular_loss(embeddings, labels, AngularLossOptions().alpha(45));
struct AngularLossOptions {
  /// Within (0, 90), in degrees: the largest angle at a negative that costs little.
  TORCH_ARG(double, alpha) = 40;
  /// Bring the rows that stand as negatives to unit length too; false: as PyTorch Metric Learning has it, they are used as they are.
  TORCH_ARG(bool, normalize_negatives) = false;
  /// `kMean` over positive pairs, `kSum`, or `kNone`: [N], the sum of each anchor's pairs.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const AngularLossOptions& options) {
  TORCH_CHECK_VALUE(options.alpha() > 0 && options.alpha() < 90,
                    "idcl::angular_loss: expected `alpha` in degrees, within (0, 90), but got ", options.alpha());
}

/// A term needs a third product, that of anchor and positive together with each negative. So pairs are rows here: blocks of no more than
/// N of them are anchors against all references, one block after the other, and none is kept for backward.
inline Tensor angular_loss(const LabelArguments& of, const AngularLossOptions& options) {
  constexpr auto where = "idcl::angular_loss";
  check_options(options);
  check_arguments(where, of);
  const auto n = of.embeddings.size(0);
  const auto tangent = std::tan(options.alpha() * std::numbers::pi / 180), squared = tangent * tangent;
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const objective::NegativeLogSum objective{.scale = 4 * squared};
  const PositiveBlocks pairs(of);
  // copies: parts are computed again in backward, when the caller's labels may be others
  const auto labels = of.labels.clone(), reference_labels = of.is_self() ? labels : of.reference_labels.clone();

  // inputs: anchors and positives of unit length, negatives
  const auto of_block = [=](int64_t k, const std::vector<Tensor>& in) {
    const auto [i, p] = pairs(k);                                                         // [b] each
    const auto anchors = in[0].index_select(0, i), positives = in[1].index_select(0, p);  // [b, D]
    const mining::Labels::Pairs other_classes{labels.index_select(0, i), reference_labels, /*self=*/false};
    const auto against = engine::evaluate(objective, other_classes, anchors + positives, in[2], /*self=*/false, evaluation).loss;
    const auto term = at::log_sigmoid((anchors * positives).sum(1) * (2 * (1 + squared)) - against).neg();  // [b]
    const auto rows = at::zeros({n}, term.options().requires_grad(false)).index_add(0, i, term);
    return pairs.both_orders ? rows.index_add(0, p, term) : rows;
  };

  const similarity::Cosine unit;
  const auto u = unit.embed(of.embeddings);
  const auto v = of.is_self() ? u : unit.embed(of.references);
  const auto negatives = options.normalize_negatives() ? v : similarity::at_least_float(of.others());
  const auto loss = pairs.count() > 0 ? engine::recomputed_sum(pairs.count(), of_block, {u, v, negatives}) : (u * 0).sum(1);  // [N]
  const auto terms = pairs.terms(loss.options().requires_grad(false));
  return reduce(options.reduction(), loss, terms, of.labels);
}

}  // namespace detail

namespace functional {

/// Angular loss: the angle at a negative, in the triangle it makes with a positive pair, is to be small.
///
///   L = mean_(i,p in P) log( 1 + sum_N exp( 4 T <i + p, n> - 2 (1 + T) <i, p> ) ),   T = tan^2 alpha
///
/// i and p are rows of unit length; n is of the length it has, unless `normalize_negatives(true)`. embeddings: [N, D]; labels: integers
/// [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`: the only positive pairs then, a pair given twice two terms; negatives are all references of other classes all the
/// same. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else float32. A pair without negatives has the term 0; no
/// pairs give zero. Throws on shapes, types and devices that disagree and on options out of range.
///
/// Not a composition of one objective: each positive pair is a row of its own against all references, half of them where a set is
/// compared with itself. Time: 10 N M D FLOPs for each element of the largest class, so it is meant for small classes; memory:
/// O((N + M) D) and the workspace. Twice differentiable. Wang et al. 2017, "Angular Loss".
inline constexpr idcl::detail::LabelLossFunction<AngularLossOptions, idcl::detail::angular_loss, idcl::detail::Memory::Beside>
    angular_loss{};

}  // namespace functional

/// `functional::angular_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class AngularLossImpl : public detail::LabelLossModule<AngularLossImpl, AngularLossOptions, decltype(functional::angular_loss)> {
 public:
  explicit AngularLossImpl(const AngularLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::AngularLoss(alpha=" << options.alpha() << ", normalize_negatives=" << options.normalize_negatives()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(AngularLoss);

}  // namespace idcl
