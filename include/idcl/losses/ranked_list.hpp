#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/ranked_list.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>

#include <optional>
#include <ostream>

namespace idcl {

/// Options of `functional::ranked_list_loss` and `RankedListLoss`.
///
///     F::ranked_list_loss(embeddings, labels, RankedListLossOptions().margin(0.3).Tn(4));
struct RankedListLossOptions {
  /// Finite: how much closer than negatives positives are to be.
  TORCH_ARG(double, margin) = 0.4;
  /// >= 0: by how much a negative weighs more the closer it is, per unit of distance; 0: all alike.
  TORCH_ARG(double, Tn) = 10;
  /// >= 0: by how much a positive weighs more the farther it is.
  TORCH_ARG(double, Tp) = 0;
  /// Within [0, 1]: the negatives' share of the loss.
  TORCH_ARG(double, imbalance) = 0.5;
  /// Finite: the distance that negatives are to reach; without one, 1 + margin / 2.
  TORCH_ARG(std::optional<double>, alpha) = std::nullopt;
  /// What is compared: a distance.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{};
  /// `kMean` over anchors, `kSum`, or `kNone`: [N], zero for an anchor without a violation.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline double reach(const RankedListLossOptions& options) { return options.alpha().value_or(1 + options.margin() / 2); }

inline void check_options(const RankedListLossOptions& options) {
  constexpr auto where = "idcl::ranked_list_loss";
  check::finite(where, "margin", options.margin());
  check::finite(where, "alpha", reach(options));
  check::not_negative(where, "Tn", options.Tn());
  check::not_negative(where, "Tp", options.Tp());
  TORCH_CHECK_VALUE(options.imbalance() >= 0 && options.imbalance() <= 1, where, ": expected `imbalance` within [0, 1], but got ",
                    options.imbalance());
  TORCH_CHECK_VALUE(options.similarity().distance, where,
                    ": expected `similarity` to be a distance, but got one that grows with closeness");
}

inline Tensor ranked_list_loss(const LabelArguments& arguments, const RankedListLossOptions& options) {
  check_options(options);
  const objective::RankedList objective{
      .margin = options.margin(), .alpha = reach(options), .imbalance = options.imbalance(), .Tp = options.Tp(), .Tn = options.Tn()};
  return label_loss("idcl::ranked_list_loss", objective, options.similarity(), arguments, options);
}

}  // namespace detail

namespace functional {

/// Ranked list loss: positives within a ball around their anchor, negatives beyond a wider one; violations weigh by how bad they are.
///
///   L = mean_i (1 - imbalance) A_P(i) + imbalance A_N(i),   A = sum_(x > 0) e^{T x} x / ( sum_(x > 0) e^{T x} + M 1e-5 )
///   x = d_ip - (alpha - margin), T = Tp          x = alpha - d_in, T = Tn
///
/// d: Euclidean distance of rows of unit length; M: the number of references, the batch's rows where there are none. embeddings: [N, D];
/// labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally
/// `mining::Pairs` or `mining::Triplets`, the only pairs that count then; a pair given twice weighs twice. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. No pairs give zero. Throws on shapes, types and devices that disagree and on options
/// out of range. Time: 6 N^2 D FLOPs, against another set 8 N M D; memory: O(N D) and the workspace. The second derivative: dense
/// evaluator. Wang et al. 2019, "Ranked List Loss".
inline constexpr idcl::detail::LabelLossFunction<RankedListLossOptions, idcl::detail::ranked_list_loss> ranked_list_loss{};

}  // namespace functional

/// `functional::ranked_list_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class RankedListLossImpl
    : public detail::LabelLossModule<RankedListLossImpl, RankedListLossOptions, decltype(functional::ranked_list_loss)> {
 public:
  explicit RankedListLossImpl(const RankedListLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::RankedListLoss(margin=" << options.margin() << ", Tn=" << options.Tn() << ", Tp=" << options.Tp()
           << ", imbalance=" << options.imbalance() << ", alpha=" << detail::reach(options)
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(RankedListLoss);

}  // namespace idcl
