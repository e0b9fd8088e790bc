#pragma once

#include "idcl/core/check.hpp"
#include "idcl/losses/detail/view_loss.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <ostream>

namespace idcl {

/// Options of `functional::barlow_twins_loss` and `BarlowTwinsLoss`.
///
///     F::barlow_twins_loss(a, b, BarlowTwinsLossOptions().lambda(0.01));
struct BarlowTwinsLossOptions {
  /// >= 0 and finite: weight of what correlates across dimensions.
  TORCH_ARG(double, lambda) = 0.0051;
  /// > 0 and finite, added to a dimension's variance.
  TORCH_ARG(double, eps) = 1e-5;
  /// `kMean` or `kSum`, which are the same: the loss is over dimensions and averages nothing.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// Of no effect: there is no matrix of pairs. Fused is an error.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// Of no effect.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const BarlowTwinsLossOptions& options) {
  check::not_negative("idcl::barlow_twins_loss", "lambda", options.lambda());
  check::positive("idcl::barlow_twins_loss", "eps", options.eps());
  idcl::detail::check_rowless("idcl::barlow_twins_loss", options);
}

}  // namespace detail

/// Barlow Twins: dimension k of one view is to correlate with dimension k of the other, and with no other dimension.
///
///   L = sum_k (1 - C_kk)^2 + lambda sum_{k != l} C_kl^2          C = A^T B / N
///
/// A, B: the views, each dimension standardised over the batch, (x - mean) / sqrt(variance + eps) with the biased variance.
///
/// a, b: [N, D], row i of one and of the other are views of one element. Returns a scalar; float64 for float64 input, else float32.
/// Fewer than two rows have no correlation and give zero. Throws on shapes, types and devices that disagree, options out of range, and
/// on kNone. Time: 6 N D^2 FLOPs; memory: O(N D + D^2). Differentiable any number of times. Zbontar et al. 2021, eq. 1 and 2.
inline Tensor barlow_twins_loss(const Tensor& a, const Tensor& b, const BarlowTwinsLossOptions& options = {}) {
  detail::check_options(options);
  const auto views = idcl::detail::check_views("idcl::barlow_twins_loss", a, b);
  const engine::NoAutocast guard;
  if (a.size(0) < 2) return idcl::detail::attached_zero(views);
  const auto standardise = [&](const Tensor& x) {
    const auto centred = x - x.mean(0);
    return centred / (centred.square().mean(0) + options.eps()).sqrt();  // [N, D]
  };
  const auto correlation = at::mm(standardise(views.a).t(), standardise(views.b)) / static_cast<double>(a.size(0));  // [D, D]
  const auto own = correlation.diagonal();
  return (1 - own).square().sum() + options.lambda() * idcl::detail::off_diagonal_squares(correlation);
}

}  // namespace functional

/// `functional::barlow_twins_loss` as a module: forward(a, b). It has no parameters; options are not saved by `torch::save`.
class BarlowTwinsLossImpl : public torch::nn::Cloneable<BarlowTwinsLossImpl> {
 public:
  explicit BarlowTwinsLossImpl(const BarlowTwinsLossOptions& options_ = {}) : options(options_) {
    functional::detail::check_options(options);
  }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::BarlowTwinsLoss(lambda=" << options.lambda() << ", eps=" << options.eps() << ")";
  }

  Tensor forward(const Tensor& a, const Tensor& b) { return functional::barlow_twins_loss(a, b, options); }

  BarlowTwinsLossOptions options;
};

TORCH_MODULE(BarlowTwinsLoss);

}  // namespace idcl
