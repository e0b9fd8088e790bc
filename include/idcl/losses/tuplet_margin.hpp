#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/tuplet_margin.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <cmath>
#include <numbers>
#include <ostream>

namespace idcl {

/// Options of `functional::tuplet_margin_loss` and `TupletMarginLoss`.
///
///     F::tuplet_margin_loss(embeddings, labels, TupletMarginLossOptions().margin(10).scale(32));
struct TupletMarginLossOptions {
  /// Finite, in degrees: the angle that a positive is to be closer.
  TORCH_ARG(double, margin) = 5.73;
  /// > 0: what cosines are multiplied by.
  TORCH_ARG(double, scale) = 64;
  /// `kMean` over positive pairs, `kSum`, or `kNone`: [N], the sum of each anchor's terms.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const TupletMarginLossOptions& options) {
  check::finite("idcl::tuplet_margin_loss", "margin", options.margin());
  check::positive("idcl::tuplet_margin_loss", "scale", options.scale());
}

inline Tensor tuplet_margin_loss(const LabelArguments& arguments, const TupletMarginLossOptions& options) {
  check_options(options);
  return label_loss("idcl::tuplet_margin_loss",
                    objective::TupletMargin{.margin = options.margin() * std::numbers::pi / 180, .factor = options.scale()},
                    similarity::Cosine{}, arguments, options);
}

}  // namespace detail

namespace functional {

/// Tuplet margin loss: each positive pair against all negatives of its anchor, the positive's angle smaller by a margin.
///
///   L = mean_(i,p) log( 1 + sum_N(i) exp( scale (cos th_in - cos(th_ip - margin)) ) )          th: the angle of a pair
///
/// The mean is over all positive pairs; an anchor's terms are 0 where it has no negative. embeddings: [N, D]; labels: integers [N];
/// optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`, the only pairs that count then; a pair given twice is two terms, and twice in the sum. Returns a scalar, or [N]
/// for `kNone`; float64 for float64 input, else float32. A batch without a positive pair gives zero. Parallel rows have a finite
/// gradient: the root in cos(th - margin) is constant there. Throws on shapes, types and devices that disagree and on options out of
/// range. Time: 6 N^2 D FLOPs, against another set 10 N M D; memory: O(N D) and the workspace. Twice differentiable. Yu and Tao
/// 2019, eq. 4.
inline constexpr idcl::detail::LabelLossFunction<TupletMarginLossOptions, idcl::detail::tuplet_margin_loss, idcl::detail::Memory::Beside>
    tuplet_margin_loss{};

}  // namespace functional

/// `functional::tuplet_margin_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class TupletMarginLossImpl
    : public detail::LabelLossModule<TupletMarginLossImpl, TupletMarginLossOptions, decltype(functional::tuplet_margin_loss)> {
 public:
  explicit TupletMarginLossImpl(const TupletMarginLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::TupletMarginLoss(margin=" << options.margin() << ", scale=" << options.scale()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(TupletMarginLoss);

}  // namespace idcl
