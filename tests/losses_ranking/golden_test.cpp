// Every golden case of the losses over rankings, under every evaluator, tile size and type.

#include "losses_ranking/subjects.hpp"
#include "support/golden_cases.hpp"

namespace {

using namespace idcl::test;
using golden::Case;

auto call(const Subject& subject, const Case& c) {
  return [&](const Tensors& in, const Setting& setting) { return subject.loss(in, {c.options, setting}); };
}

}  // namespace

TEST_CASE("golden losses and gradients over rankings in float64") {
  golden::for_each_case(subjects(), golden::unless_parity_alone, [](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) golden::check_case(c, setting, at::kDouble, subject.resolution(c.options), call(subject, c));
  });
}

TEST_CASE("golden losses and gradients over rankings in float32") {
  golden::for_each_case(subjects(), golden::unless_parity_alone, [](const Subject& subject, const Case& c) {
    for (const auto& setting : all_settings()) golden::check_case(c, setting, at::kFloat, subject.resolution(c.options), call(subject, c));
  });
}

TEST_CASE("losses over rankings in half precision give a float32 loss as good as float32 inputs of the same values") {
  golden::for_each_case(subjects(), golden::unless_parity_alone, [](const Subject& subject, const Case& c) {
    golden::check_half(c, at::kFloat, subject.resolution(c.options), call(subject, c));
  });
}
