#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace idcl::engine {

using at::Tensor;

/// Part k of a sum, a differentiable function of some tensors and of nothing else that is differentiable.
using Part = std::function<Tensor(int64_t k, const std::vector<Tensor>& inputs)>;

/// The parts, for as long as backward may ask for them.
struct Parts : torch::CustomClassHolder {
  int64_t count;
  Part part;
  Parts(int64_t count, Part part) : count(count), part(std::move(part)) {}
};

struct RecomputedSum : torch::autograd::Function<RecomputedSum> {
  static Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs, const c10::intrusive_ptr<Parts>& parts) {
    const auto given = inputs.vec();
    context->save_for_backward(given);
    context->saved_data["parts"] = c10::IValue::make_capsule(parts);
    auto total = parts->part(0, given);
    for (int64_t k = 1; k < parts->count; ++k) total = total + parts->part(k, given);
    return total;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto parts = c10::static_intrusive_pointer_cast<Parts>(context->saved_data["parts"].toCapsule());
    const auto twice = c10::GradMode::is_enabled();  // somebody will differentiate these slopes
    const at::AutoGradMode grad(true);
    auto inputs = context->get_saved_variables();
    // nodes of their own: a tensor given twice has a slope for each of its places
    for (auto& input : inputs) input = twice && input.requires_grad() ? input.alias() : input.detach().requires_grad_();
    std::vector<Tensor> slopes(inputs.size());
    for (int64_t k = 0; k < parts->count; ++k) {
      const auto more = torch::autograd::grad({parts->part(k, inputs)}, inputs, {upstream[0]}, /*retain_graph=*/twice,
                                              /*create_graph=*/twice, /*allow_unused=*/true);
      for (std::size_t i = 0; i < more.size(); ++i)
        if (more[i].defined()) slopes[i] = slopes[i].defined() ? slopes[i] + more[i] : more[i];
    }
    slopes.emplace_back();
    return slopes;
  }
};

/// sum_k part(k, inputs) for k in [0, count), count > 0, holding the graph of one part at a time: each is computed again in backward.
/// Memory of the dearest part; twice the time of a forward pass more. As often differentiable as the parts are.
inline Tensor recomputed_sum(int64_t count, Part part, const std::vector<Tensor>& inputs) {
  return RecomputedSum::apply(at::TensorList(inputs), c10::make_intrusive<Parts>(count, std::move(part)));
}

}  // namespace idcl::engine
