#pragma once

#include "support/compare.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Derivatives against central differences, in float64.
namespace idcl::test {

using Inputs = std::vector<Tensor>;

/// A scalar function of its inputs.
using Function = std::function<Tensor(const Inputs&)>;

/// Differences over five points, steps of 1e-4: exact to some 1e-10 where derivatives are of order one.
inline constexpr Tolerance kDifferences{1e-7, 1e-9};

inline Inputs as_leaves(const Inputs& inputs) {
  Inputs leaves;
  for (const auto& input : inputs) leaves.push_back(input.detach().clone().requires_grad_());
  return leaves;
}

/// The gradient by autograd, zeros where there is none.
inline Inputs gradient(const Function& f, const Inputs& leaves, bool create_graph = false) {
  auto slopes = torch::autograd::grad({f(leaves)}, leaves, {}, std::nullopt, create_graph, /*allow_unused=*/true);
  for (std::size_t i = 0; i < leaves.size(); ++i) slopes[i] = or_zeros(slopes[i], leaves[i]);
  return slopes;
}

/// The gradient by differences.
inline Inputs differences(const Function& f, const Inputs& inputs, double step = 1e-4) {
  Inputs slopes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto moved = as_leaves(inputs);
    auto slope = at::zeros(inputs[i].sizes(), at::kDouble);
    for (int64_t e = 0; e < inputs[i].numel(); ++e) {
      const auto at_offset = [&](double offset) {
        moved[i] = inputs[i].detach().clone(at::MemoryFormat::Contiguous);
        moved[i].view(-1)[e] += offset;
        moved[i].requires_grad_();
        return f(moved).item<double>();
      };
      slope.view(-1)[e] = (8 * (at_offset(step) - at_offset(-step)) - (at_offset(2 * step) - at_offset(-2 * step))) / (12 * step);
    }
    slopes.push_back(slope);
  }
  return slopes;
}

inline void check_gradients(const std::string& what, const Inputs& actual, const Inputs& expected, Tolerance tolerance = kDifferences) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) check_close(what + ", input " + std::to_string(i), actual[i], expected[i], tolerance);
}

/// The first derivative of f.
inline void gradcheck(const std::string& what, const Function& f, const Inputs& inputs) {
  check_gradients(what, gradient(f, as_leaves(inputs)), differences(f, inputs));
}

/// f's slope along fixed directions, as a function that can be differentiated: its gradient is the second derivative of f.
inline Function slope_of(const Function& f, const Inputs& directions) {
  return [=](const Inputs& inputs) {
    const auto slopes = gradient(f, inputs, /*create_graph=*/true);
    auto total = at::zeros({}, at::kDouble);
    for (std::size_t i = 0; i < slopes.size(); ++i) total = total + (slopes[i] * directions[i]).sum();
    return total;
  };
}

}  // namespace idcl::test
