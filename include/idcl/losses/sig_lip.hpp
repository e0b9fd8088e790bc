#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/detail/logit_number.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/objective/sigmoid.hpp"
#include "idcl/similarity/detail/scaled_rows.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cmath>
#include <ostream>

namespace idcl {

/// Options of `functional::sig_lip_loss` and `SigLipLoss`.
///
///     F::sig_lip_loss(image, text, logit_scale, logit_bias, SigLipLossOptions().normalize(false));
struct SigLipLossOptions {
  /// Compare by cosine; false: the rows are of unit length already and used as they are.
  TORCH_ARG(bool, normalize) = true;
  /// `kMean` over images, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
  /// The module's scale at the start, > 0.
  TORCH_ARG(double, initial_scale) = 10;
  /// The module's bias at the start, finite.
  TORCH_ARG(double, initial_bias) = -10;
  /// Do the module's scale and bias learn? false: they stay buffers.
  TORCH_ARG(bool, learn_scale) = true;
};

namespace detail {

inline void check_options(const SigLipLossOptions& options) {
  check::positive("idcl::SigLipLoss", "initial_scale", options.initial_scale());
  check::finite("idcl::SigLipLoss", "initial_bias", options.initial_bias());
}

template <class Scale, class Bias>
Tensor sig_lip_loss(const Tensor& image, const Tensor& text, const Scale& logit_scale, const Bias& logit_bias,
                    const SigLipLossOptions& options) {
  constexpr auto where = "idcl::sig_lip_loss";
  check::rows(where, "image", image);
  check::comparable(where, "image", image, "text", text);
  check::views(where, "image", image, "text", text);
  check_logit_number(where, "logit_scale", logit_scale);
  check_logit_number(where, "logit_bias", logit_bias);
  const auto known_scale = fixed(logit_scale), known_bias = fixed(logit_bias);
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  return with_similarity(options.normalize(), [&](auto similarity) {
    return with_reduction(options.reduction(), [&](auto reduction) {
      const auto u = similarity.embed(image), v = similarity.embed(text);
      const auto loss_of = [&](const objective::Sigmoid& objective) {
        return ContrastiveLoss{similarity::Dot{}, mining::Diagonal{}, objective, reduction, evaluation};
      };
      if (known_scale > 0.0 && known_bias) return loss_of({.scale = *known_scale, .bias = *known_bias})(u, v);
      // Else the scale is a factor of one tower's rows and the bias a column more: their gradients come by the way.
      const auto scale = as_tensor(logit_scale, u), bias = as_tensor(logit_bias, u), one = as_tensor(1.0, v);
      return loss_of({})(similarity::detail::scaled_rows(u, scale, bias), similarity::detail::scaled_rows(v, one, one));
    });
  });
}

}  // namespace detail

namespace functional {

/// SigLIP: each pair (image i, text j) is a binary decision of its own, belonging together or not.
///
///   L = -1/N sum_i sum_j log sigmoid( z_ij (logit_scale cos(image_i, text_j) + logit_bias) )          z: +1 on the diagonal, else -1
///
/// image, text: [N, D]; logit_scale, logit_bias: 0-d tensors, which get gradients, or numbers; the scale multiplies as it is. Returns a
/// scalar, or [N] for `kNone`, one an image; float64 for float64 input, else float32. No rows give zero. Throws on shapes, types and
/// devices that disagree. Time: 8 N^2 D FLOPs; memory: O(N D) and the workspace. Twice differentiable. Zhai et al. 2023, eq. 2.
inline Tensor sig_lip_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale, const Tensor& logit_bias,
                           const SigLipLossOptions& options = {}) {
  return idcl::detail::sig_lip_loss(image, text, logit_scale, logit_bias, options);
}
inline Tensor sig_lip_loss(const Tensor& image, const Tensor& text, double logit_scale, double logit_bias,
                           const SigLipLossOptions& options = {}) {
  return idcl::detail::sig_lip_loss(image, text, logit_scale, logit_bias, options);
}
inline Tensor sig_lip_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale, double logit_bias,
                           const SigLipLossOptions& options = {}) {
  return idcl::detail::sig_lip_loss(image, text, logit_scale, logit_bias, options);
}
inline Tensor sig_lip_loss(const Tensor& image, const Tensor& text, double logit_scale, const Tensor& logit_bias,
                           const SigLipLossOptions& options = {}) {
  return idcl::detail::sig_lip_loss(image, text, logit_scale, logit_bias, options);
}

}  // namespace functional

/// `functional::sig_lip_loss` as a module that owns scale and bias: forward(image, text), or forward(image, text, logit_scale, logit_bias)
/// to give them.
///
/// The scale is kept as its logarithm, `log_scale`, the bias as `bias`: parameters, or buffers with `learn_scale(false)`, so that they
/// survive `torch::save`; the other options do not.
class SigLipLossImpl : public torch::nn::Cloneable<SigLipLossImpl> {
 public:
  explicit SigLipLossImpl(const SigLipLossOptions& options_ = {}) : options(options_) {
    detail::check_options(options);
    reset();
  }

  void reset() override {
    const auto own = [&](const char* name, double start) {
      const auto value = torch::tensor(start, torch::kFloat);
      return options.learn_scale() ? register_parameter(name, value) : register_buffer(name, value);
    };
    log_scale = own("log_scale", std::log(options.initial_scale()));
    bias = own("bias", options.initial_bias());
  }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::SigLipLoss(normalize=" << options.normalize() << ", initial_scale=" << options.initial_scale()
           << ", initial_bias=" << options.initial_bias() << ", learn_scale=" << options.learn_scale()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  /// The scale in use, 0-d.
  Tensor logit_scale() const { return log_scale.exp(); }

  Tensor forward(const Tensor& image, const Tensor& text, const Tensor& scale = {}, const Tensor& shift = {}) {
    return functional::sig_lip_loss(image, text, scale.defined() ? scale : logit_scale(), shift.defined() ? shift : bias, options);
  }

  SigLipLossOptions options;
  Tensor log_scale;  ///< 0-d
  Tensor bias;       ///< 0-d

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())}, {3, torch::nn::AnyValue(Tensor())})
};

TORCH_MODULE(SigLipLoss);

}  // namespace idcl
