#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/objective/circle.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::circle_loss` and `CircleLoss`.
///
///     F::circle_loss(embeddings, labels, CircleLossOptions().m(0.25).gamma(256));
struct CircleLossOptions {
  /// Finite: relaxation; optima are 1 + m and -m, boundaries 1 - m and m.
  TORCH_ARG(double, m) = 0.4;
  /// > 0: scale.
  TORCH_ARG(double, gamma) = 80;
  /// `kMeanNonZero` over anchors above zero; `kMean` over all anchors; `kSum`; `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = kMeanNonZero;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const CircleLossOptions& options) {
  check::finite("idcl::circle_loss", "m", options.m());
  check::positive("idcl::circle_loss", "gamma", options.gamma());
}

inline Tensor circle_loss(const LabelArguments& arguments, const CircleLossOptions& options) {
  check_options(options);
  return label_loss("idcl::circle_loss", objective::Circle{.m = options.m(), .gamma = options.gamma()}, similarity::Cosine{}, arguments,
                    options);
}

}  // namespace detail

namespace functional {

/// Circle loss: each cosine is weighted by how far it is from its optimum.
///
///   L = mean_i log( 1 + sum_P exp(-gamma [1 + m - s_ip]+ (s_ip - 1 + m)) sum_N exp(gamma [s_in + m]+ (s_in - m)) )          s: cosine
///
/// The mean is over anchors with a loss above zero; that of an anchor without a positive or without a negative is 0. The weights [.]+ are
/// constants in the gradient, as in the paper: the gradient is not the derivative of the value. embeddings: [N, D]; labels: integers [N];
/// optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or
/// `mining::Triplets`, the only pairs that count then, a pair given twice once. Returns a scalar, or [N] for `kNone`; float64 for float64
/// input, else float32. Throws on shapes, types and devices that disagree and on options out of range. Time: 4 N^2 D FLOPs
/// (against another set 8 N M D); memory: O(N D) and the workspace. One derivative. Sun et al. 2020, eq. 8.
inline constexpr idcl::detail::LabelLossFunction<CircleLossOptions, idcl::detail::circle_loss, idcl::detail::Memory::Beside> circle_loss{};

}  // namespace functional

/// `functional::circle_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class CircleLossImpl : public detail::LabelLossModule<CircleLossImpl, CircleLossOptions, decltype(functional::circle_loss)> {
 public:
  explicit CircleLossImpl(const CircleLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::CircleLoss(m=" << options.m() << ", gamma=" << options.gamma()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(CircleLoss);

}  // namespace idcl
