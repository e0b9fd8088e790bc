#pragma once

#include "idcl/losses/detail/class_loss.hpp"

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace idcl::detail {

/// A loss with a weight a class as a module that owns the weight: forward(embeddings, labels) is `Loss(embeddings, labels, weight,
/// options)`. The weight is trained and saved with the other parameters; options are not saved by `torch::save`. `Impl` checks its options, calls
/// `reset`, and adds `pretty_print`; where its weight starts otherwise, it has an `initial_weight(options)` of its own.
template <class Impl, class Options, auto Loss>
class ClassLossModule : public torch::nn::Cloneable<Impl> {
 public:
  explicit ClassLossModule(const Options& options_) : options(options_) {}

  void reset() override { weight = this->register_parameter("weight", Impl::initial_weight(options)); }

  Tensor forward(const Tensor& embeddings, const Tensor& labels) { return Loss(embeddings, labels, weight, options); }

  /// Where the weight starts: standard normal, [C, D].
  static Tensor initial_weight(const Options& options) { return torch::randn({options.num_classes(), options.embedding_size()}); }

  Options options;
  Tensor weight;
};

}  // namespace idcl::detail
