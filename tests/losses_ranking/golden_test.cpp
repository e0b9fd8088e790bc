// Every golden case of the losses over rankings, under every evaluator, tile size and type.

#include "losses_ranking/subjects.hpp"
#include "support/compare.hpp"

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

/// A quirk without a clean value has none of ours.
bool is_parity_alone(const Case& c) { return c.quirk && !c.expected.contains("loss_clean"); }

template <class Check>
void for_each_case(const Check& check) {
  for (const auto& subject : subjects()) {
    int seen = 0;
    for (const auto& c : golden::cases("losses", subject.name))
      if (!is_parity_alone(c)) check(subject, c), ++seen;
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
  const auto tolerance = tolerances(type, subject.resolution(c.options));
  const auto loss = subject.loss(in, {c.options, setting});
  REQUIRE(loss.scalar_type() == type);
  check_close(where.str(), loss.item<double>(), golden::number(c.expected.at("loss" + suffix)), tolerance.loss);
  loss.backward();
  for (const auto& [name, gradient] : golden::tensors(c.expected.at("grads" + suffix)))
    check_close(where.str() + ", gradient of " + name, or_zeros(in.at(name).grad(), in.at(name)), gradient, tolerance.gradient);
}

}  // namespace

TEST_CASE("golden losses and gradients over rankings in float64") {
  for_each_case([](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) check_case(subject, c, setting, at::kDouble);
  });
}

TEST_CASE("golden losses and gradients over rankings in float32") {
  for_each_case([](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) check_case(subject, c, setting, at::kFloat);
  });
}

TEST_CASE("losses over rankings in half precision give a float32 loss as good as float32 inputs of the same values") {
  for_each_case([](const Subject& subject, const Case& c) {
    for (const auto type : {at::kBFloat16, at::kHalf}) {
      auto rounded = c;
      for (auto& [name, value] : rounded.inputs)
        if (value.is_floating_point()) value = value.to(type).to(at::kFloat);
      const auto expected = subject.loss(rounded.inputs, {c.options}).item<double>();
      for (const auto& setting : {dense(), streaming(3)}) {
        const auto loss = subject.loss(leaves(rounded, type), {c.options, setting});
        REQUIRE(loss.scalar_type() == at::kFloat);
        check_close(c.where() + ", " + c10::toString(type), loss.item<double>(), expected,
                    tolerances(at::kFloat, subject.resolution(c.options)).loss);
      }
    }
  });
}
