#pragma once

#include "idcl/losses/detail/label_loss.hpp"

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace idcl::detail {

/// A loss over labels as a module without parameters: forward(embeddings, labels[, ref_embeddings, ref_labels]). Options are not saved
/// by `torch::save`. `Impl` adds its name and `pretty_print`.
template <class Impl, class Options, class Function>
class LabelLossModule : public torch::nn::Cloneable<Impl> {
 public:
  explicit LabelLossModule(const Options& options_) : options(options_) {}

  void reset() override {}

  Tensor forward(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings = {}, const Tensor& ref_labels = {}) {
    return ref_embeddings.defined() ? Function{}(embeddings, labels, ref_embeddings, ref_labels, options)
                                    : Function{}(embeddings, labels, options);
  }

  /// The embeddings with themselves and with a memory, which has no gradient: `F::x_loss(embeddings, labels, memory, options)`.
  Tensor beside(const Tensor& embeddings, const Tensor& labels, const mining::Beside& memory) const
    requires requires(const Options& given) { Function{}(embeddings, labels, memory, given); }
  {
    return Function{}(embeddings, labels, memory, options);
  }

  Options options;

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())}, {3, torch::nn::AnyValue(Tensor())})
};

}  // namespace idcl::detail
