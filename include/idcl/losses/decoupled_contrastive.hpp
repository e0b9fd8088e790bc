#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/evaluate.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/objective/decoupled_contrastive.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <optional>
#include <ostream>

namespace idcl {

/// Options of `functional::decoupled_contrastive_loss` and `DecoupledContrastiveLoss`.
///
///     F::decoupled_contrastive_loss(a, b, DecoupledContrastiveLossOptions().temperature(0.2).sigma(0.5));
struct DecoupledContrastiveLossOptions {
  /// > 0 and finite, in units of cosine.
  TORCH_ARG(double, temperature) = 0.1;
  /// Mean of both directions, a to b and b to a.
  TORCH_ARG(bool, symmetric) = true;
  /// > 0: weight positives by 2 - exp(cos / sigma) / mean(exp(cos / sigma)), DCLW (0.5 in the paper); by default each weighs 1, DCL.
  TORCH_ARG(std::optional<double>, sigma) = std::nullopt;
  /// `kMean` over elements, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const DecoupledContrastiveLossOptions& options) {
  check::positive("idcl::decoupled_contrastive_loss", "temperature", options.temperature());
  if (options.sigma()) check::positive("idcl::decoupled_contrastive_loss", "sigma", *options.sigma());
}

}  // namespace detail

namespace functional {

/// Decoupled contrastive loss (DCL) of two views: InfoNCE whose positive is not in the denominator.
///
///   one(a, b) = mean_i [ -w_i cos(a_i, b_i) / t + log sum_{k != i} ( exp(cos(a_i, a_k) / t) + exp(cos(a_i, b_k) / t) ) ],   w_i = 1
///   L = ( one(a, b) + one(b, a) ) / 2,   or one(a, b) with `symmetric(false)`
///
/// a, b: [N, D], row i of one belongs to row i of the other. Returns a scalar, or [N] for `kNone`; float64 for float64 input, else
/// float32. Fewer than two rows give zero. Throws on shapes, types and devices that disagree and on options out of range.
/// Time: 16 N^2 D FLOPs, also when symmetric; memory: O(N D) and the workspace. Twice differentiable. Yeh et al. 2022, eq. 5.
inline Tensor decoupled_contrastive_loss(const Tensor& a, const Tensor& b, const DecoupledContrastiveLossOptions& options = {}) {
  constexpr auto where = "idcl::decoupled_contrastive_loss";
  idcl::detail::check_options(options);
  check::rows(where, "a", a);
  check::comparable(where, "a", a, "b", b);
  check::views(where, "a", a, "b", b);
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const objective::DecoupledContrastive objective{.temperature = options.temperature()};
  const auto n = a.size(0);
  const auto u = similarity::Cosine{}.embed(a), v = similarity::Cosine{}.embed(b), both = at::cat({u, v});
  const auto element = at::arange(n, a.options().dtype(at::kLong).requires_grad(false)), elements = at::cat({element, element});
  // An element's other view is its positive; itself is no pair.
  auto rows =
      options.symmetric()
          ? engine::evaluate(objective, mining::Labels::Pairs{elements, elements, /*self=*/true}, both, both, /*self=*/true, evaluation)
          : engine::evaluate(objective, mining::Labels::Pairs{element, elements, /*self=*/true}, u, both, /*self=*/false, evaluation);
  if (options.sigma()) {
    const auto cosine = (u * v).sum(1);  // [N]
    const auto weight = 2 - static_cast<double>(n) * at::softmax(cosine / *options.sigma(), 0);
    const auto more = (1 - weight) * cosine / options.temperature();
    rows.loss = rows.loss + (options.symmetric() ? at::cat({more, more}) : more) * rows.terms;
  }
  return idcl::detail::with_reduction(options.reduction(), [&](auto reduction) {
    const auto direction = [&](int64_t begin) { return reduction(rows.loss.narrow(0, begin, n), rows.terms.narrow(0, begin, n)); };
    return options.symmetric() ? (direction(0) + direction(n)) / 2 : direction(0);
  });
}

}  // namespace functional

/// `functional::decoupled_contrastive_loss` as a module: forward(a, b). It has no parameters; options are not saved by `torch::save`.
class DecoupledContrastiveLossImpl : public torch::nn::Cloneable<DecoupledContrastiveLossImpl> {
 public:
  explicit DecoupledContrastiveLossImpl(const DecoupledContrastiveLossOptions& options_ = {}) : options(options_) {
    detail::check_options(options);
  }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::DecoupledContrastiveLoss(temperature=" << options.temperature()
           << ", symmetric=" << options.symmetric();
    if (options.sigma()) stream << ", sigma=" << *options.sigma();
    stream << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& a, const Tensor& b) { return functional::decoupled_contrastive_loss(a, b, options); }

  DecoupledContrastiveLossOptions options;
};

TORCH_MODULE(DecoupledContrastiveLoss);

}  // namespace idcl
