#pragma once

#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/setting.hpp"

#include <optional>
#include <sstream>
#include <string>

/// What every suite does with a golden case of a loss, however the loss is called.
namespace idcl::test::golden {

/// Floating inputs in `type`, as leaves.
inline Tensors leaves(const Case& c, at::ScalarType type) {
  Tensors result;
  for (const auto& [name, value] : c.inputs)
    result[name] = value.is_floating_point() ? value.detach().to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_() : value;
  return result;
}

/// The case as it stands; nothing where it has a quirk without a clean value, which is none of ours.
inline std::optional<Case> unless_parity_alone(const Case& c) {
  return c.quirk && !c.expected.contains("loss_clean") ? std::nullopt : std::optional(c);
}

/// check(subject, case) for every case of every subject's file, as `asked` has it; where it has nothing, the case is left out.
template <class Subjects, class Asked, class Check>
void for_each_case(const Subjects& subjects, const Asked& asked, const Check& check) {
  for (const auto& subject : subjects) {
    int seen = 0;
    for (const auto& given : cases("losses", subject.name))
      if (const std::optional<Case> c = asked(given)) check(subject, *c), ++seen;
    INFO(subject.name);
    CHECK(seen > 0);
  }
}

/// `loss(inputs, setting)` and its gradients against those of the case, the clean ones where it has some; `temperature`: the inverse of how
/// far a logit is magnified.
template <class Loss>
void check_case(const Case& c, const Setting& setting, at::ScalarType type, double temperature, const Loss& loss) {
  std::ostringstream where;
  where << c.where() << ", " << type << ", " << setting;
  INFO(where.str());
  const std::string suffix = c.expected.contains("loss_clean") ? "_clean" : "";
  const auto in = leaves(c, type);
  const auto tolerance = tolerances(type, temperature);
  const auto value = loss(in, setting);
  REQUIRE(value.scalar_type() == type);
  check_close(where.str(), value.template item<double>(), number(c.expected.at("loss" + suffix)), tolerance.loss);
  value.backward();
  for (const auto& [name, gradient] : tensors(c.expected.at("grads" + suffix)))
    check_close(where.str() + ", gradient of " + name, or_zeros(in.at(name).grad(), in.at(name)), gradient, tolerance.gradient);
}

/// Inputs in half precision give the loss, in float32, that the same values give when they are `held` in a wider type.
template <class Loss>
void check_half(const Case& c, at::ScalarType held, double temperature, const Loss& loss) {
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    auto rounded = c;
    for (auto& [name, value] : rounded.inputs)
      if (value.is_floating_point()) value = value.to(type).to(held);
    const auto expected = loss(rounded.inputs, Setting{}).template item<double>();
    for (const auto& setting : {dense(), streaming(3)}) {
      const auto value = loss(leaves(rounded, type), setting);
      REQUIRE(value.scalar_type() == at::kFloat);
      check_close(c.where() + ", " + c10::toString(type), value.template item<double>(), expected,
                  tolerances(at::kFloat, temperature).loss);
    }
  }
}

}  // namespace idcl::test::golden
