#pragma once

#include "idcl/core/check.hpp"
#include "idcl/losses/detail/view_loss.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <ostream>

namespace idcl {

/// Options of `functional::vic_reg_loss` and `VICRegLoss`.
///
///     F::vic_reg_loss(a, b, VICRegLossOptions().covariance_v(2));
struct VICRegLossOptions {
  /// >= 0 and finite: weight of the views' distance.
  TORCH_ARG(double, invariance_lambda) = 25;
  /// >= 0 and finite: weight of the deviations below 1.
  TORCH_ARG(double, variance_mu) = 25;
  /// >= 0 and finite: weight of the covariances.
  TORCH_ARG(double, covariance_v) = 1;
  /// > 0 and finite, added to a dimension's variance.
  TORCH_ARG(double, eps) = 1e-4;
  /// `kMean`; or `kSum`: the views' distance is summed over rows and the deviations over dimensions, the covariances are as they were.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// Of no effect: there is no matrix of pairs. Fused is an error.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// Of no effect.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const VICRegLossOptions& options) {
  check::not_negative("idcl::vic_reg_loss", "invariance_lambda", options.invariance_lambda());
  check::not_negative("idcl::vic_reg_loss", "variance_mu", options.variance_mu());
  check::not_negative("idcl::vic_reg_loss", "covariance_v", options.covariance_v());
  check::positive("idcl::vic_reg_loss", "eps", options.eps());
  idcl::detail::check_rowless("idcl::vic_reg_loss", options);
}

}  // namespace detail

/// VICReg: the views agree (invariance), no dimension collapses (variance), no two dimensions say the same (covariance).
///
///   L = lambda mean_ik (a_ik - b_ik)^2 + sum_{z in {a, b}} [ mu/2 mean_k [1 - sqrt(var_k(z) + eps)]_+  +  v/D sum_{k != l} Cov_kl(z)^2 ]
///
/// Variances and covariances are unbiased.
///
/// a, b: [N, D], row i of one and of the other are views of one element. Returns a scalar; float64 for float64 input, else float32.
/// Fewer than two rows have no variance and give zero. Throws on shapes, types and devices that disagree, options out of range, and on
/// kNone. Time: 12 N D^2 FLOPs; memory: O(N D + D^2). Differentiable any number of times. Bardes et al. 2022, eq. 1 to 6.
inline Tensor vic_reg_loss(const Tensor& a, const Tensor& b, const VICRegLossOptions& options = {}) {
  detail::check_options(options);
  const auto views = idcl::detail::check_views("idcl::vic_reg_loss", a, b);
  const engine::NoAutocast guard;
  if (a.size(0) < 2) return idcl::detail::attached_zero(views);
  const bool sum = std::holds_alternative<torch::enumtype::kSum>(options.reduction());
  const auto reduce = [&](const Tensor& terms) { return sum ? terms.sum() : terms.mean(); };
  const auto others = static_cast<double>(a.size(0) - 1), width = static_cast<double>(a.size(1));

  auto loss = options.invariance_lambda() * reduce((views.a - views.b).square().mean(1));
  for (const auto& view : {views.a, views.b}) {
    const auto centred = view - view.mean(0);
    const auto covariance = at::mm(centred.t(), centred) / others;  // [D, D]
    const auto deviation = (covariance.diagonal() + options.eps()).sqrt();
    loss = loss + options.variance_mu() / 2 * reduce(at::relu(1 - deviation)) +
           options.covariance_v() / width * idcl::detail::off_diagonal_squares(covariance);
  }
  return loss;
}

}  // namespace functional

/// `functional::vic_reg_loss` as a module: forward(a, b). It has no parameters; options are not saved by `torch::save`.
class VICRegLossImpl : public torch::nn::Cloneable<VICRegLossImpl> {
 public:
  explicit VICRegLossImpl(const VICRegLossOptions& options_ = {}) : options(options_) { functional::detail::check_options(options); }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::VICRegLoss(invariance_lambda=" << options.invariance_lambda() << ", variance_mu=" << options.variance_mu()
           << ", covariance_v=" << options.covariance_v() << ", eps=" << options.eps()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& a, const Tensor& b) { return functional::vic_reg_loss(a, b, options); }

  VICRegLossOptions options;
};

TORCH_MODULE(VICRegLoss);

}  // namespace idcl
