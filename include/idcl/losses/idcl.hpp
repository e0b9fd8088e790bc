#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <ostream>
#include <string>

namespace idcl {

/// Options of `functional::idcl_loss`, `functional::idcl_pair_loss` and `IDCLLoss`.
///
///     F::idcl_loss(audio, text, IDCLLossOptions().num_neighbors(10).temperature(0.05));
struct IDCLLossOptions {
  /// Positives an anchor, >= 1; clamped to B - 1, where no negative is left and the loss is constant (warned of once).
  TORCH_ARG(int64_t, num_neighbors) = 15;
  /// > 0 and finite, in units of cosine.
  TORCH_ARG(double, temperature) = 0.1;
  /// >= 0 and finite, added to both sums after division by the row's largest term. 0 is the exact loss; the released code has 1e-8.
  TORCH_ARG(double, epsilon) = 0;
  /// "in": positives are summed inside the logarithm (the paper). "out": logarithms are averaged over the positives (SupCon's form).
  TORCH_ARG(std::string, form) = "in";
  /// What the denominator sums over. "others": every dialog but the anchor itself. "all": the anchor too.
  TORCH_ARG(std::string, denominator) = "others";
  /// `kMean` over dialogs, `kSum`, or `kNone`: [B].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;

 public:
  /// The arithmetic of the authors' release: epsilon 1e-8 in both logarithms.
  static IDCLLossOptions official() { return IDCLLossOptions().epsilon(1e-8); }
};

namespace functional {
namespace detail {

inline constexpr auto kIdcl = "idcl::idcl_loss";

/// [B, D] as it is; [B, L, D] averaged over L, or over the utterances of a mask [B, L].
inline Tensor pool_dialogs(const char* name, const Tensor& x, const Tensor& mask) {
  TORCH_CHECK(x.defined(), kIdcl, ": expected `", name, "` to be a tensor [B, D] or [B, L, D], but got an undefined tensor");
  TORCH_CHECK_TYPE(x.is_floating_point(), kIdcl, ": expected `", name, "` to be of floating type, but got ", x.scalar_type());
  TORCH_CHECK_VALUE(x.dim() == 3 || (x.dim() == 2 && !mask.defined()), kIdcl, ": expected `", name, "` to be ",
                    mask.defined() ? "[B, L, D], as there is a mask" : "[B, D] or [B, L, D]", ", but got ", x.sizes());
  const auto rows = similarity::at_least_float(x);
  if (x.dim() == 2) return rows;
  TORCH_CHECK_VALUE(x.size(1) > 0 || x.size(0) == 0, kIdcl, ": expected dialogs of at least one utterance, but got `", name, "` of ",
                    x.sizes());
  if (!mask.defined()) return rows.mean(1);                                    // [B, D]
  const auto count = mask.sum(1, /*keepdim=*/true, rows.scalar_type());        // [B, 1]
  return rows.masked_fill(mask.logical_not().unsqueeze(2), 0).sum(1) / count;  // [B, D]
}

inline void check_mask(const Tensor& mask, const char* name, const Tensor& x) {
  if (!mask.defined() || !x.defined()) return;
  TORCH_CHECK_TYPE(mask.scalar_type() == at::kBool, kIdcl, ": expected `mask` to be bool, true where there is an utterance, but got ",
                   mask.scalar_type());
  TORCH_CHECK_VALUE(x.dim() == 3 && mask.dim() == 2 && mask.size(0) == x.size(0) && mask.size(1) == x.size(1), kIdcl,
                    ": expected `mask` [B, L] to fit `", name, "` [B, L, D], but got ", mask.sizes(), " and ", x.sizes());
  TORCH_CHECK_VALUE(mask.device() == x.device(), kIdcl, ": expected `mask` on ", x.device(), " as `", name, "` is, but got ",
                    mask.device());
  TORCH_CHECK_VALUE(mask.any(1).all().item<bool>(), kIdcl,
                    ": expected every dialog to have an utterance, but got a row of `mask` without one (row ",
                    mask.any(1).logical_not().nonzero()[0].item<int64_t>(), ")");
}

inline void check_options(const IDCLLossOptions& options) {
  TORCH_CHECK_VALUE(options.num_neighbors() >= 1, kIdcl, ": expected `num_neighbors` >= 1, but got ", options.num_neighbors());
  check::positive(kIdcl, "temperature", options.temperature());
  check::not_negative(kIdcl, "epsilon", options.epsilon());
  TORCH_CHECK_VALUE(options.form() == "in" || options.form() == "out", kIdcl, ": expected `form` \"in\" or \"out\", but got \"",
                    options.form(), "\"");
  TORCH_CHECK_VALUE(options.denominator() == "others" || options.denominator() == "all", kIdcl,
                    ": expected `denominator` \"others\" or \"all\", but got \"", options.denominator(), "\"");
  TORCH_CHECK_VALUE(options.epsilon() == 0 || options.form() == "in", kIdcl, ": expected `epsilon` 0 with form \"out\", but got ",
                    options.epsilon());
}

/// IDCL is a composition: cosine x nearest neighbours x InfoNCE (or SupCon) x reduction.
template <class Use>
Tensor with_idcl(const IDCLLossOptions& options, Use&& use) {
  check_options(options);
  const mining::TopK miner{.k = options.num_neighbors(),
                           .self = options.denominator() == "all" ? mining::SelfPair::Negative : mining::SelfPair::Ignored};
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  return idcl::detail::with_reduction(options.reduction(), [&](auto reduction) -> Tensor {
    if (options.form() == "in") {
      const objective::InfoNCE objective{.temperature = options.temperature(), .epsilon = options.epsilon()};
      return use(ContrastiveLoss{similarity::Cosine{}, miner, objective, reduction, evaluation});
    }
    return use(
        ContrastiveLoss{similarity::Cosine{}, miner, objective::SupCon{.temperature = options.temperature()}, reduction, evaluation});
  });
}

inline Tensor idcl_loss(const Tensor& anchor, const Tensor& target, const Tensor& mask, const IDCLLossOptions& options) {
  check_mask(mask, "target", target);
  check_mask(mask, "anchor", anchor);
  const auto where = [&] {
    const at::NoGradGuard no_grad;
    return pool_dialogs("anchor", anchor, mask);
  }();
  const auto what = pool_dialogs("target", target, mask);
  check::views(kIdcl, "target", what, "anchor", where);
  return with_idcl(options, [&](const auto& loss) -> Tensor { return loss(what, mining::in(where)); });
}

inline Tensor idcl_pair_loss(const Tensor& a, const Tensor& b, const Tensor& mask, const IDCLLossOptions& options) {
  check_mask(mask, "a", a);
  check_mask(mask, "b", b);
  const auto x = pool_dialogs("a", a, mask), y = pool_dialogs("b", b, mask);
  check::views(kIdcl, "a", x, "b", y);
  return with_idcl(options, [&](const auto& loss) -> Tensor { return loss.crossed(x, y); });
}

}  // namespace detail

/// Inter-dialog contrastive learning, one direction: dialogs that are neighbours in one modality attract each other in the other.
///
///   L = mean_i [ log sum_{j != i} exp(s_ij / t) - log sum_{j in N(i)} exp(s_ij / t) ]
///
/// s: cosine of the pooled `target`; N(i): the `num_neighbors` dialogs of highest cosine to i in the pooled `anchor`, ties to the
/// lower index. `anchor` gets no gradient.
///
/// anchor, target: [B, D] pooled, or [B, L, D], averaged over L; mask: bool [B, L], true where there is an utterance, then averaged
/// over those alone. D may differ between them. Returns a scalar, or [B] for `kNone`; float64 for float64 input, else float32.
/// A batch of none or one gives zero, attached to the graph. Throws on shapes, types and devices that disagree, a dialog without
/// an utterance, and options out of range. Time: 5 B^2 D FLOPs; memory: O(B D) and the workspace. Twice differentiable.
/// IDCL, ICASSP 2026, eq. 5.
inline Tensor idcl_loss(const Tensor& anchor, const Tensor& target, const Tensor& mask, const IDCLLossOptions& options = {}) {
  return detail::idcl_loss(anchor, target, mask, options);
}
inline Tensor idcl_loss(const Tensor& anchor, const Tensor& target, const IDCLLossOptions& options = {}) {
  return detail::idcl_loss(anchor, target, {}, options);
}

/// The mean of both directions, idcl_loss(a, b) and idcl_loss(b, a), each similarity computed once: what training calls.
/// Arguments, result and errors as `idcl_loss`; both inputs get gradients. Time: 8 B^2 D FLOPs.
inline Tensor idcl_pair_loss(const Tensor& a, const Tensor& b, const Tensor& mask, const IDCLLossOptions& options = {}) {
  return detail::idcl_pair_loss(a, b, mask, options);
}
inline Tensor idcl_pair_loss(const Tensor& a, const Tensor& b, const IDCLLossOptions& options = {}) {
  return detail::idcl_pair_loss(a, b, {}, options);
}

}  // namespace functional

/// `functional::idcl_pair_loss` as a module: forward(a, b[, mask]). It has no parameters; options are not saved by `torch::save`.
class IDCLLossImpl : public torch::nn::Cloneable<IDCLLossImpl> {
 public:
  explicit IDCLLossImpl(const IDCLLossOptions& options_ = {}) : options(options_) { functional::detail::check_options(options); }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::IDCLLoss(num_neighbors=" << options.num_neighbors() << ", temperature=" << options.temperature()
           << ", epsilon=" << options.epsilon() << ", form=" << options.form() << ", denominator=" << options.denominator()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& a, const Tensor& b, const Tensor& mask = {}) { return functional::idcl_pair_loss(a, b, mask, options); }

  IDCLLossOptions options;

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())})
};

TORCH_MODULE(IDCLLoss);

}  // namespace idcl
