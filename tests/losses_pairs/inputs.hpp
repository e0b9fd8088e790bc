#pragma once

#include "losses_pairs/subjects.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"

#include <sstream>

/// What tests hand to subjects.
namespace idcl::test {

inline constexpr int64_t kWidth = 4;

/// n rows of a few classes, with themselves or with references.
inline Tensors random_inputs(const Subject& subject, int64_t n, uint64_t seed = 0, at::ScalarType type = at::kDouble,
                             bool references = false) {
  Random random(seed);
  if (!subject.towers.empty())
    return {{subject.towers[0], random.normal({n, kWidth}, type)}, {subject.towers[1], random.normal({n, kWidth}, type)}};
  Tensors in{{"embeddings", random.normal({n, kWidth}, type)}, {"labels", random.integers(3, {n})}};
  if (references) in["ref_embeddings"] = random.normal({n + 2, kWidth}, type), in["ref_labels"] = random.integers(3, {n + 2});
  return in;
}

/// The loss as a function of its floating inputs, in the order of their names; rows are weighted and added.
inline Function function_of(const Subject& subject, const Tensors& inputs, const Request& request) {
  return [=](const Inputs& values) {
    auto in = inputs;
    std::size_t next = 0;
    for (auto& [name, value] : in)
      if (value.is_floating_point()) value = values.at(next++);
    const auto loss = subject.loss(in, request);
    return loss.dim() > 0 ? (loss * at::arange(1, loss.numel() + 1, loss.options().requires_grad(false))).sum() : loss;
  };
}

inline Inputs floating(const Tensors& inputs) {
  Inputs result;
  for (const auto& [name, value] : inputs)
    if (value.is_floating_point()) result.push_back(value);
  return result;
}

inline std::string name_of(const Subject& subject, const Setting& setting, const std::string& what) {
  std::ostringstream name;
  name << subject.name << ", " << what << ", " << setting;
  return name.str();
}

inline void check_finite(const std::string& what, const Subject& subject, const Tensors& inputs, const Request& request) {
  const auto leaves = as_leaves(floating(inputs));
  INFO(what);
  const auto loss = function_of(subject, inputs, request)(leaves);
  CHECK(at::isfinite(loss).all().item<bool>());
  loss.backward();
  for (const auto& leaf : leaves) CHECK(at::isfinite(or_zeros(leaf.grad(), leaf)).all().item<bool>());
}

}  // namespace idcl::test
