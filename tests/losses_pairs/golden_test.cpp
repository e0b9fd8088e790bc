// Every golden case of the losses over pairs, under every evaluator, tile size and type.

#include "losses_pairs/subjects.hpp"
#include "support/golden_cases.hpp"
#include "support/label_call.hpp"

namespace {

using namespace idcl::test;
using golden::Case;

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

auto call(const Subject& subject, const Case& c) {
  return [&](const Tensors& in, const Setting& setting) { return subject.loss(in, {c.options, setting}); };
}

}  // namespace

TEST_CASE("golden losses and gradients over pairs in float64") {
  golden::for_each_case(subjects(), as_asked_here, [](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) golden::check_case(c, setting, at::kDouble, temperature(c), call(subject, c));
  });
}

TEST_CASE("where PyTorch Metric Learning's value is another than the formula's, the options that it has here give it") {
  int seen = 0;
  for (const auto& subject : subjects())
    for (const auto& given : golden::cases("losses", subject.name))
      if (const auto c = as_asked_for_parity(given)) {
        for (const auto& setting : all_settings()) golden::check_case(*c, setting, at::kDouble, temperature(*c), call(subject, *c));
        ++seen;
      }
  CHECK(seen > 0);
}

TEST_CASE("golden losses and gradients over pairs in float32") {
  golden::for_each_case(subjects(), as_asked_here, [](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) golden::check_case(c, setting, at::kFloat, temperature(c), call(subject, c));
  });
}

TEST_CASE("losses over pairs in half precision give a float32 loss as good as float32 inputs of the same values") {
  golden::for_each_case(subjects(), as_asked_here,
                        [](const Subject& subject, const Case& c) { golden::check_half(c, at::kFloat, temperature(c), call(subject, c)); });
}
