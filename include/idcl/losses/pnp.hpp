#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/pnp.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>
#include <string>

namespace idcl {

/// Options of `functional::pnp_loss` and `PNPLoss`.
///
///     F::pnp_loss(embeddings, labels, PNPLossOptions().variant("Dq").alpha(8));
struct PNPLossOptions {
  /// "O", "Ds", "Dq", "Iu" or "Ib": what R negatives before a positive cost. The paper's best is "Dq" with alpha 8.
  TORCH_ARG(std::string, variant) = "O";
  /// > 0, of "Ib".
  TORCH_ARG(double, b) = 2;
  /// > 0, of "Dq".
  TORCH_ARG(double, alpha) = 1;
  /// > 0: the temperature, the difference of similarities that counts as clear.
  TORCH_ARG(double, anneal) = 0.01;
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

/// The law of that name.
inline objective::PNP::Variant pnp_variant(const std::string& name) {
  using Variant = objective::PNP::Variant;
  if (name == "O") return Variant::O;
  if (name == "Ds") return Variant::Ds;
  if (name == "Dq") return Variant::Dq;
  if (name == "Iu") return Variant::Iu;
  TORCH_CHECK_VALUE(name == "Ib", "idcl::pnp_loss: expected `variant` \"O\", \"Ds\", \"Dq\", \"Iu\" or \"Ib\", but got \"", name, "\"");
  return Variant::Ib;
}

inline void check_options(const PNPLossOptions& options) {
  pnp_variant(options.variant());
  check::positive("idcl::pnp_loss", "b", options.b());
  check::positive("idcl::pnp_loss", "alpha", options.alpha());
  check::positive("idcl::pnp_loss", "anneal", options.anneal());
}

inline Tensor pnp_loss(const LabelArguments& arguments, const PNPLossOptions& options) {
  check_options(options);
  const objective::PNP objective{.variant = pnp_variant(options.variant()),
                                 .b = options.b(),
                                 .alpha = options.alpha(),
                                 .temperature = (options.similarity().distance ? -1 : 1) * options.anneal(),
                                 .with_self = arguments.is_self()};
  return label_loss("idcl::pnp_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// PNP: penalises the negatives ranked before each positive, and leaves the order of the positives alone.
///
///   L = mean_i 1/|G(i)| sum_(k in G(i)) f(R_ik)          R_ik = sum_(n in N(i)) sigmoid((s_in - s_ik) / anneal)
///
///   f: O  R;   Ds  log(1 + R);   Dq  1 - (1 + R)^-alpha;   Iu  (1 + R) log(1 + R);   Ib  (b R - log(1 + b R)) / b^2
///
/// s: cosine. G(i) is the anchor's class, the anchor included; against references it is the anchor's positives. The mean is over anchors
/// that have another positive.
///
/// embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the
/// diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that count then, a pair given twice once. Returns a scalar,
/// or [N] for `kNone`; float64 for float64 input, else float32. Throws on shapes, types and devices that disagree and on options out of
/// range.
///
/// A term compares every two pairs of an anchor, so that the similarities of some anchors with all references are held at a time, and
/// swept once for each positive. Time: 8 N M D FLOPs and 2 N M P sigmoids, P the size of the largest class; memory: O(N D) and the
/// workspace, whatever the classes (dense: N M P). Twice differentiable in the dense evaluator. Li et al. 2022.
inline constexpr idcl::detail::LabelLossFunction<PNPLossOptions, idcl::detail::pnp_loss> pnp_loss{};

}  // namespace functional

/// `functional::pnp_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class PNPLossImpl : public detail::LabelLossModule<PNPLossImpl, PNPLossOptions, decltype(functional::pnp_loss)> {
 public:
  explicit PNPLossImpl(const PNPLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::PNPLoss(variant=" << options.variant() << ", b=" << options.b() << ", alpha=" << options.alpha()
           << ", anneal=" << options.anneal() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(PNPLoss);

}  // namespace idcl
