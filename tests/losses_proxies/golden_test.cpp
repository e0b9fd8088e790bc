// Every golden case of proxies, classifiers and views, under every evaluator, tile size and type.

#include "losses_proxies/subjects.hpp"
#include "support/golden_cases.hpp"

namespace {

using namespace idcl::test;
using golden::Case;

/// The inputs in the library's layout: a class is a row, or its centres are.
Tensors in_layout(const Subject& subject, const Case& c, Tensors in) {
  if (subject.inputs != Subject::Inputs::Classes) return in;
  auto& weight = in.at("weight");
  if (subject.golden_weight == Subject::Weight::Columns) weight = weight.t();
  if (subject.centers > 0) weight = weight.reshape({c.options.at("num_classes").get<int64_t>(), -1, weight.size(1)});
  return in;
}

/// How far a logit of size `1` is magnified: what a type can resolve is that much coarser.
double temperature(const Case& c) {
  double sharpest = 1;
  for (const auto& [name, value] : c.options.items()) {
    if (name == "scale" || name == "softmax_scale" || name == "alpha" || name == "la") sharpest = std::max(sharpest, value.get<double>());
    if (name == "temperature" || name == "gamma") sharpest = std::max(sharpest, 1 / value.get<double>());
  }
  return 1 / sharpest;
}

auto call(const Subject& subject, const Case& c) {
  return [&](const Tensors& in, const Setting& setting) { return subject.loss(in_layout(subject, c, in), {c.options, setting}); };
}

}  // namespace

TEST_CASE("golden losses and gradients of proxies, classifiers and views in float64") {
  golden::for_each_case(subjects(), golden::unless_parity_alone, [](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) golden::check_case(c, setting, at::kDouble, temperature(c), call(subject, c));
  });
}

TEST_CASE("golden losses and gradients of proxies, classifiers and views in float32") {
  golden::for_each_case(subjects(), golden::unless_parity_alone, [](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) golden::check_case(c, setting, at::kFloat, temperature(c), call(subject, c));
  });
}

TEST_CASE("proxies, classifiers and views in half precision give a float32 loss as good as float32 inputs of the same values") {
  golden::for_each_case(subjects(), golden::unless_parity_alone, [](const Subject& subject, const Case& c) {
    golden::check_half(c, at::kDouble, temperature(c), call(subject, c));
  });
}
