#include "adam.hpp"

#include <ATen/Functions.h>

namespace merc {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

/// As torch.nn.utils.clip_grad_norm_: gradients x min(1, clip / (norm + 1e-6)).
double clip_by_norm(const std::vector<Tensor>& gradients, double clip) {
  std::vector<Tensor> norms;
  for (const auto& gradient : gradients) norms.push_back(gradient.norm());
  const double norm = at::stack(norms).norm().item<double>();
  const double factor = clip / (norm + 1e-6);
  if (clip > 0 && factor < 1)
    for (const auto& gradient : gradients) gradient.mul_(factor);
  return norm;
}

}  // namespace

Adam::Adam(const NetworkImpl& network, double weight_decay) : weight_decay_(weight_decay) {
  for (const auto& entry : network.named_parameters()) {
    const auto& parameter = entry.value();
    slots_.push_back({entry.key(), parameter, at::zeros_like(parameter.detach()), at::zeros_like(parameter.detach()),
                      at::zeros({}, parameter.options().dtype(at::kFloat))});
  }
}

double Adam::step(double learning_rate, double clip, int64_t batches) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> parameters, gradients, means, squares, steps;
  for (const auto& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    parameters.push_back(slot.parameter);
    gradients.push_back(slot.parameter.grad());
    means.push_back(slot.mean);
    squares.push_back(slot.square);
    steps.push_back(slot.steps);
    slot.steps.add_(1);
  }
  if (parameters.empty()) return 0;
  if (batches > 1)
    for (const auto& gradient : gradients) gradient.div_(static_cast<double>(batches));
  const double norm = clip_by_norm(gradients, clip);
  at::_fused_adam_(parameters, gradients, means, squares, {}, steps, learning_rate, kBeta1, kBeta2, weight_decay_, kEpsilon,
                   /*amsgrad=*/false,
                   /*maximize=*/false);
  for (auto& parameter : parameters) parameter.mutable_grad() = Tensor();
  return norm;
}

StateDict Adam::state() const {
  StateDict state;
  for (const auto& slot : slots_) {
    state.insert(slot.name + ".mean", slot.mean.clone());
    state.insert(slot.name + ".square", slot.square.clone());
    state.insert(slot.name + ".steps", slot.steps.clone());
  }
  return state;
}

void Adam::restore(const StateDict& state) {
  for (auto& slot : slots_) {
    slot.mean.copy_(state[slot.name + ".mean"]);
    slot.square.copy_(state[slot.name + ".square"]);
    slot.steps.copy_(state[slot.name + ".steps"]);
  }
}

}  // namespace merc
