#pragma once

#include "idcl/mining/pairing.hpp"

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <memory>

/// How wrappers call what they wrap: a module's holder, or a function.
namespace idcl::detail {

template <class T>
concept ModuleHolder = requires { typename T::ContainedType; } && std::derived_from<T, torch::nn::ModuleHolder<typename T::ContainedType>>;

/// A module of its own where the loss is one, for clones.
template <class Loss>
Loss copy_of(const Loss& loss) {
  if constexpr (ModuleHolder<Loss>) {
    return Loss(std::static_pointer_cast<typename Loss::ContainedType>(loss.ptr()->clone()));
  } else {
    return loss;
  }
}

template <class Loss, class... Arguments>
concept Takes = requires(const Loss& loss, const Arguments&... arguments) {
  { loss(arguments...) } -> std::convertible_to<Tensor>;
};

template <ModuleHolder Loss, class... Arguments>
  requires requires(Loss loss, const Arguments&... arguments) { loss->forward(arguments...); }
Tensor call(const Loss& loss, const Arguments&... arguments) {
  auto holder = loss;  // the same module: a holder calls it when it is not const itself
  return holder->forward(arguments...);
}

template <class Loss, class... Arguments>
  requires(!ModuleHolder<Loss>) && Takes<Loss, Arguments...>
Tensor call(const Loss& loss, const Arguments&... arguments) {
  return loss(arguments...);
}

/// Embeddings against themselves and a memory; of a function that knows references alone, against the memory.
template <class Loss>
Tensor call_beside(const Loss& loss, const Tensor& embeddings, const Tensor& labels, const mining::Beside& memory) {
  if constexpr (ModuleHolder<Loss>) {
    static_assert(
        requires { loss->beside(embeddings, labels, memory); }, "a memory needs a loss over labels and references, such as SupConLoss");
    return loss->beside(embeddings, labels, memory);
  } else if constexpr (Takes<Loss, Tensor, Tensor, mining::Beside>) {
    return loss(embeddings, labels, memory);
  } else {
    static_assert(
        !requires { Loss::takes_memory; }, "this loss over labels cannot be compared with a memory; docs/memory.md names those that can");
    static_assert(Takes<Loss, Tensor, Tensor, Tensor, Tensor>, "a memory needs a loss (embeddings, labels, references, reference_labels)");
    return loss(embeddings, labels, memory.rows, memory.labels);
  }
}

}  // namespace idcl::detail
