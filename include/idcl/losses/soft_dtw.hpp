#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/dense.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/losses/detail/sequences.hpp"
#include "idcl/trajectory/torch/soft_dtw.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <ostream>

namespace idcl {

/// Options of `functional::soft_dtw_loss` and `SoftDtwLoss`.
///
///     F::soft_dtw_loss(x, y, SoftDtwLossOptions().gamma(0.1));
struct SoftDtwLossOptions {
  /// > 0 and finite, in the unit of the cost |x_i - y_j|^2: how soft the minimum over alignments is.
  TORCH_ARG(double, gamma) = 1;
  /// The divergence, zero between equal sequences; or soft-DTW itself, which may be negative.
  TORCH_ARG(bool, divergence) = true;
  /// `kMean` over the pairs, `kSum`, or `kNone`: [B].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// Dense composes the loss of ATen's operators, in O(B N M) memory; the others use the kernel, where it runs. Fused is an error.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// Of no effect.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const SoftDtwLossOptions& options) {
  constexpr auto where = "idcl::soft_dtw_loss";
  check::positive(where, "gamma", options.gamma());
  TORCH_CHECK(options.evaluator() != Evaluator::Fused, where,
              ": expected `evaluator` Auto, Dense or Streaming, but got Fused, and this loss has no fused kernel");
}

}  // namespace detail

/// Soft-DTW between the sequences of each pair, as a loss: its divergence by default.
///
///     L = mean_b d(x_b, y_b)         d(x, y) = s(x, y) - (s(x, x) + s(y, y)) / 2,   s: soft-DTW over costs |x_i - y_j|^2
///
/// x: [B, N, D], y: [B, M, D]; x_lengths, y_lengths: int [B], or masks bool [B, N], [B, M], true where there is an element; without them
/// all of N and M. Padding has no influence and gets a gradient of zero. Returns a scalar, [B] for kNone; float64 for float64 input, else
/// float32, computed in float64. No pair at all gives zero. Throws on shapes, types and devices that disagree, lengths out of [1, L],
/// options out of range and, on the CPU, on NaN and infinity. Time O(B N M D); memory O(N M) for each thread on the CPU, where the gradient
/// is computed along with the value; O(B N M) elsewhere. Differentiable twice. Cuturi & Blondel 2017, eq. 3; Blondel, Mensch & Vert 2021, eq. 8.
inline Tensor soft_dtw_loss(const Tensor& x, const Tensor& y, const Tensor& x_lengths, const Tensor& y_lengths,
                            const SoftDtwLossOptions& options = {}) {
  constexpr auto where = "idcl::soft_dtw_loss";
  detail::check_options(options);
  const auto a = idcl::detail::read_sequences(where, "x", x, "x_lengths", x_lengths),
             b = idcl::detail::read_sequences(where, "y", y, "y_lengths", y_lengths);
  TORCH_CHECK_VALUE(x.size(0) == y.size(0) && x.size(2) == y.size(2), where, ": expected `y` to be [", x.size(0), ", M, ", x.size(2),
                    "] as `x` is, but got ", y.sizes());
  check::alike(where, "x", x, "y", y);
  const engine::NoAutocast guard;
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  if (x.size(0) == 0) {
    const auto none = (x.sum() + y.sum()).to(type);
    return idcl::detail::name_of(options.reduction()) == "none" ? none.expand({0}) : none;
  }
  const auto losses = trajectory::detail::soft_dtw_batch(a.rows, b.rows, a.lengths, b.lengths, options.gamma(), options.divergence(),
                                                         options.evaluator() == Evaluator::Dense);
  return idcl::detail::with_reduction(options.reduction(), [&](const auto& reduction) { return reduction(losses, at::ones_like(losses)); })
      .to(type);
}

inline Tensor soft_dtw_loss(const Tensor& x, const Tensor& y, const SoftDtwLossOptions& options = {}) {
  return soft_dtw_loss(x, y, {}, {}, options);
}

}  // namespace functional

/// `functional::soft_dtw_loss` as a module: forward(x, y) or forward(x, y, x_lengths, y_lengths). It has no parameters; options are not
/// saved by `torch::save`.
class SoftDtwLossImpl : public torch::nn::Cloneable<SoftDtwLossImpl> {
 public:
  explicit SoftDtwLossImpl(const SoftDtwLossOptions& options_ = {}) : options(options_) { functional::detail::check_options(options); }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::SoftDtwLoss(gamma=" << options.gamma() << ", divergence=" << std::boolalpha << options.divergence()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& x, const Tensor& y, const Tensor& x_lengths = {}, const Tensor& y_lengths = {}) {
    return functional::soft_dtw_loss(x, y, x_lengths, y_lengths, options);
  }

  SoftDtwLossOptions options;

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())}, {3, torch::nn::AnyValue(Tensor())})
};

TORCH_MODULE(SoftDtwLoss);

}  // namespace idcl
