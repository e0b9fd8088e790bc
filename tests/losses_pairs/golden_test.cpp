// Every golden case of the losses over pairs, under every evaluator, tile size and type.

#include "losses_pairs/subjects.hpp"
#include "support/compare.hpp"
#include "support/label_call.hpp"

#include <sstream>

namespace {

using namespace idcl::test;
using golden::Case;

/// Floating inputs in `type`, as leaves.
Tensors leaves(const Case& c, at::ScalarType type) {
  Tensors result;
  for (const auto& [name, value] : c.inputs)
    result[name] = value.is_floating_point() ? value.to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_() : value;
  return result;
}

/// How far a logit of size `1` is magnified: what a type can resolve is that much coarser.
double temperature(const Case& c) {
  double sharpest = 1;
  for (const auto& [name, value] : c.options.items()) {
    if (name == "scale" || name == "softmax_scale" || name == "alpha" || name == "beta" || name == "gamma" || name == "Tn")
      sharpest = std::max(sharpest, value.get<double>());
    if (name == "temperature") sharpest = std::max(sharpest, 1 / value.get<double>());
  }
  if (c.inputs.contains("logit_scale")) sharpest = std::max(sharpest, c.inputs.at("logit_scale").item<double>());
  return 1 / sharpest;
}

template <class Check>
void for_each_case(const Check& check) {
  for (const auto& subject : subjects()) {
    int seen = 0;
    for (const auto& c : golden::cases("losses", subject.name))
      if (const auto asked = as_asked_here(c)) check(subject, *asked), ++seen;
    INFO(subject.name);
    CHECK(seen > 0);
  }
}

void check_case(const Subject& subject, const Case& c, const Setting& setting, at::ScalarType type) {
  std::ostringstream where;
  where << c.where() << ", " << type << ", " << setting;
  INFO(where.str());
  const std::string suffix = c.expected.contains("loss_clean") ? "_clean" : "";
  const auto in = leaves(c, type);
  const auto tolerance = tolerances(type, temperature(c));
  const auto loss = subject.loss(in, {c.options, setting});
  REQUIRE(loss.scalar_type() == type);
  check_close(where.str(), loss.item<double>(), golden::number(c.expected.at("loss" + suffix)), tolerance.loss);
  loss.backward();
  for (const auto& [name, gradient] : golden::tensors(c.expected.at("grads" + suffix)))
    check_close(where.str() + ", gradient of " + name, or_zeros(in.at(name).grad(), in.at(name)), gradient, tolerance.gradient);
}

}  // namespace

TEST_CASE("golden losses and gradients over pairs in float64") {
  for_each_case([](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) check_case(subject, c, setting, at::kDouble);
  });
}

TEST_CASE("golden losses and gradients over pairs in float32") {
  for_each_case([](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) check_case(subject, c, setting, at::kFloat);
  });
}

TEST_CASE("losses over pairs in half precision give a float32 loss as good as float32 inputs of the same values") {
  for_each_case([](const Subject& subject, const Case& c) {
    for (const auto type : {at::kBFloat16, at::kHalf}) {
      auto rounded = c;
      for (auto& [name, value] : rounded.inputs)
        if (value.is_floating_point()) value = value.to(type).to(at::kFloat);
      const auto expected = subject.loss(rounded.inputs, {c.options}).item<double>();
      for (const auto& setting : {dense(), streaming(3)}) {
        const auto loss = subject.loss(leaves(rounded, type), {c.options, setting});
        REQUIRE(loss.scalar_type() == at::kFloat);
        check_close(c.where() + ", " + c10::toString(type), loss.item<double>(), expected, tolerances(at::kFloat, temperature(c)).loss);
      }
    }
  });
}
