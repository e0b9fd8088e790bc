#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"

#include <torch/arg.h>

#include <ostream>
#include <string>

namespace idcl {

/// Options of `functional::sup_con_loss` and `SupConLoss`.
///
///     F::sup_con_loss(embeddings, labels, SupConLossOptions().temperature(0.07));
struct SupConLossOptions {
  /// > 0 and finite, in units of similarity.
  TORCH_ARG(double, temperature) = 0.1;
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// "out": logarithms are averaged over the positives (the paper's choice). "in": positives are summed inside the logarithm.
  TORCH_ARG(std::string, form) = "out";
  /// `kMean` over anchors that have a positive, `kSum`, or `kNone`: [N], zero for an anchor without one.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const SupConLossOptions& options) {
  check::positive("idcl::sup_con_loss", "temperature", options.temperature());
  TORCH_CHECK_VALUE(options.form() == "in" || options.form() == "out", "idcl::sup_con_loss: expected `form` \"in\" or \"out\", but got \"",
                    options.form(), "\"");
}

/// SupCon is a composition: similarity x labels x SupCon (or InfoNCE) x reduction. A distance counts as its negative.
inline Tensor sup_con_loss(const LabelArguments& arguments, const SupConLossOptions& options) {
  check_options(options);
  const auto temperature = options.similarity().distance ? -options.temperature() : options.temperature();
  const auto evaluate = [&](const auto& objective) {
    return label_loss("idcl::sup_con_loss", objective, options.similarity(), arguments, options);
  };
  return options.form() == "in" ? evaluate(objective::InfoNCE{.temperature = temperature})
                                : evaluate(objective::SupCon{.temperature = temperature});
}

}  // namespace detail

namespace functional {

/// Supervised contrastive loss: all elements of an anchor's class are its positives.
///
///   L = mean_i -1/|P(i)| sum_{p in P(i)} log( exp(s_ip / t) / sum_{j != i} exp(s_ij / t) )          s: cosine
///
/// The mean is over the anchors that have a positive. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that
/// count then. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else float32. A batch without any positive pair gives
/// zero. Throws on shapes, types and devices that disagree and on options out of range. Time: 4 N^2 D FLOPs, against another
/// set 8 N M D; memory: O(N D) and the workspace. Twice differentiable. Khosla et al. 2020, eq. 2; there is no factor t / t_base.
inline constexpr idcl::detail::LabelLossFunction<SupConLossOptions, idcl::detail::sup_con_loss, idcl::detail::Memory::Beside>
    sup_con_loss{};

}  // namespace functional

/// `functional::sup_con_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options
/// are not saved by `torch::save`.
class SupConLossImpl : public detail::LabelLossModule<SupConLossImpl, SupConLossOptions, decltype(functional::sup_con_loss)> {
 public:
  explicit SupConLossImpl(const SupConLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::SupConLoss(temperature=" << options.temperature() << ", form=" << options.form()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(SupConLoss);

}  // namespace idcl
