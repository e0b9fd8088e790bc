#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/detail/logit_number.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/detail/scaled_rows.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cmath>
#include <optional>
#include <ostream>

namespace idcl {

/// Options of `functional::clip_loss` and `ClipLoss`.
///
///     F::clip_loss(image, text, logit_scale, ClipLossOptions().normalize(false));
struct ClipLossOptions {
  /// Compare by cosine; false: the rows are of unit length already and used as they are.
  TORCH_ARG(bool, normalize) = true;
  /// `kMean` over pairs, `kSum`, or `kNone`: [N], the mean of both directions.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
  /// The module's scale at the start, > 0.
  TORCH_ARG(double, initial_scale) = 1 / 0.07;
  /// The module's scale is clamped at this, > 0.
  TORCH_ARG(double, max_scale) = 100;
  /// Does the module's scale learn? false: it stays a buffer.
  TORCH_ARG(bool, learn_scale) = true;
};

namespace functional {
namespace detail {

inline void check_options(const ClipLossOptions& options) {
  check::positive("idcl::ClipLoss", "initial_scale", options.initial_scale());
  check::positive("idcl::ClipLoss", "max_scale", options.max_scale());
}

template <class Scale>
Tensor clip_loss(const Tensor& image, const Tensor& text, const Scale& scale, const ClipLossOptions& options) {
  constexpr auto where = "idcl::clip_loss";
  check::rows(where, "image", image);
  check::comparable(where, "image", image, "text", text);
  check::views(where, "image", image, "text", text);
  idcl::detail::check_logit_number(where, "logit_scale", scale);
  const auto known = idcl::detail::fixed(scale);
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  return idcl::detail::with_similarity(options.normalize(), [&](auto similarity) {
    return idcl::detail::with_reduction(options.reduction(), [&](auto reduction) {
      const auto u = similarity.embed(image), v = similarity.embed(text);
      const auto loss_of = [&](double temperature) {
        return ContrastiveLoss{similarity::Dot{}, mining::Diagonal{}, objective::InfoNCE{.temperature = temperature}, reduction,
                               evaluation};
      };
      if (known > 0.0) return loss_of(1 / *known).symmetric(u, v);
      // Else the scale is a factor of one tower's rows: its gradient comes by the way.
      return loss_of(1).symmetric(similarity::detail::scaled_rows(u, idcl::detail::as_tensor(scale, u), std::nullopt), v);
    });
  });
}

}  // namespace detail

/// CLIP: image i is to find text i among all texts, and text i image i among all images.
///
///   S = logit_scale * cos(image, text);   L = (mean cross-entropy of S's rows + of its columns) / 2, targets on the diagonal
///
/// image, text: [N, D]; logit_scale: a 0-d tensor, which gets a gradient, or a number; it multiplies as it is. Returns a scalar, or
/// [N] for `kNone`; float64 for float64 input, else float32. Throws on shapes, types and devices that disagree. Both directions
/// come from the same tiles. Time: 8 N^2 D FLOPs; memory: O(N D) and the workspace. Twice differentiable.
/// Radford et al. 2021, figure 3.
inline Tensor clip_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale, const ClipLossOptions& options = {}) {
  return detail::clip_loss(image, text, logit_scale, options);
}
inline Tensor clip_loss(const Tensor& image, const Tensor& text, double logit_scale, const ClipLossOptions& options = {}) {
  check::positive("idcl::clip_loss", "logit_scale", logit_scale);
  return detail::clip_loss(image, text, logit_scale, options);
}

}  // namespace functional

/// `functional::clip_loss` as a module that owns its scale: forward(image, text), or forward(image, text, logit_scale) to give one.
///
/// The scale is kept as its logarithm, a parameter `log_scale` (or a buffer, with `learn_scale(false)`), so that it survives
/// `torch::save`; the other options do not.
class ClipLossImpl : public torch::nn::Cloneable<ClipLossImpl> {
 public:
  explicit ClipLossImpl(const ClipLossOptions& options_ = {}) : options(options_) {
    functional::detail::check_options(options);
    reset();
  }

  void reset() override {
    const auto start = torch::tensor(std::log(options.initial_scale()), torch::kFloat);
    log_scale = options.learn_scale() ? register_parameter("log_scale", start) : register_buffer("log_scale", start);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::ClipLoss(normalize=" << options.normalize() << ", initial_scale=" << options.initial_scale()
           << ", max_scale=" << options.max_scale() << ", learn_scale=" << options.learn_scale()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  /// The scale in use, 0-d.
  Tensor logit_scale() const { return log_scale.clamp_max(std::log(options.max_scale())).exp(); }

  Tensor forward(const Tensor& image, const Tensor& text, const Tensor& scale = {}) {
    clamp();
    return functional::clip_loss(image, text, scale.defined() ? scale : logit_scale(), options);
  }

  ClipLossOptions options;
  Tensor log_scale;  ///< 0-d

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())})

 private:
  /// Brings the parameter itself back to the largest scale: beyond it there is no slope that would. Past its version, by which autograd
  /// would take the graph of a call before this one for stale.
  void clamp() { log_scale.variable_data().clamp_max_(std::log(options.max_scale())); }
};

TORCH_MODULE(ClipLoss);

}  // namespace idcl
