#include "average.hpp"

#include <ATen/Functions.h>

#include <cmath>

namespace merc {

Average::Average(Network trained, double decay) : trained_(trained), average_(trained), decay_(decay) {
  if (decay_ == 0) return;
  average_ = Network(trained_->options);
  average_->to(trained_->parameters().front().device());
  load(*average_, state_dict(*trained_), "the average of the weights");
}

void Average::update() {
  if (decay_ == 0) return;
  const at::NoGradGuard no_grad;
  ++steps_;
  const double share = (1 - decay_) / (1 - std::pow(decay_, static_cast<double>(steps_)));  // of the newest weights, 1 at first
  const auto weights = trained_->parameters();
  auto averages = average_->parameters();
  for (size_t i = 0; i < weights.size(); ++i) averages[i].lerp_(weights[i], share);
}

StateDict Average::state() const {
  if (decay_ == 0) return StateDict();
  auto state = average_->named_parameters();
  state.insert("steps", at::scalar_tensor(steps_, at::kLong));
  return state;
}

void Average::restore(const StateDict& state) {
  const at::NoGradGuard no_grad;
  for (auto& parameter : average_->named_parameters()) parameter.value().copy_(state[parameter.key()]);
  steps_ = state["steps"].item<int64_t>();
}

}  // namespace merc
