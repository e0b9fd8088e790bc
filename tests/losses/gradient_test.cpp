// First and second derivatives of every loss, option, reduction and evaluator against differences.

#include "idcl/losses/clip.hpp"
#include "losses/subjects.hpp"
#include "support/gradcheck.hpp"

#include <sstream>

namespace {

using namespace idcl::test;

constexpr int64_t kRows = 7, kWidth = 3, kSide = 3;

const std::vector<std::pair<std::string, idcl::reduction_t>> reductions{
    {"mean", torch::kMean}, {"sum", torch::kSum}, {"none", torch::kNone}};

std::string name_of(const Subject& subject, const std::string& what, const Setting& setting) {
  std::ostringstream name;
  name << subject.name << ", " << what << ", " << setting;
  return name.str();
}

/// The loss as a function of x, y and weights of the rows; without a row to weigh, of all of it.
Function function_of(const Subject& subject, const Batch& batch, const Request& request) {
  return [=](const Inputs& in) { return (subject.loss({in[0], in[1], batch.x_labels, batch.y_labels}, request) * in[2]).sum(); };
}

Inputs inputs_of(const Batch& batch) { return {batch.x, batch.y, Random(9).normal({batch.x.size(0)})}; }

/// A subject whose mining ground has no gradient differs from what differences see only there, where they see zero too.
Inputs directions_of(const Batch& batch) {
  Random random(8);
  return {random.normal(batch.x.sizes()), random.normal(batch.y.sizes()), random.normal({batch.x.size(0)})};
}

}  // namespace

TEST_CASE("gradients equal differences") {
  const auto batch = random_batch(kRows, kWidth, 11);
  for (const auto& subject : subjects()) {
    for (const auto& [name, reduction] : reductions) {
      const auto slopes = differences(function_of(subject, batch, {dense(), reduction, 0.3}), inputs_of(batch));
      CHECK(largest(slopes[0]) > 1e-3);
      CHECK((largest(slopes[1]) > 1e-3) == subject.y_has_gradient);
      for (const auto& setting : {dense(), streaming(kSide), streaming()})
        check_gradients(name_of(subject, name, setting),
                        gradient(function_of(subject, batch, {setting, reduction, 0.3}), as_leaves(inputs_of(batch))), slopes);
    }
  }
}

TEST_CASE("second derivatives equal differences of gradients") {
  const auto batch = random_batch(kRows, kWidth, 12);
  for (const auto& subject : subjects()) {
    const auto slope = [&](const Setting& setting) {
      return slope_of(function_of(subject, batch, {setting, torch::kNone, 0.3}), directions_of(batch));
    };
    const auto expected = differences(slope(dense()), inputs_of(batch));
    CHECK(largest(expected[0]) > 1e-3);
    for (const auto& setting : {dense(), streaming(kSide), streaming()})
      check_gradients(name_of(subject, "second derivative", setting), gradient(slope(setting), as_leaves(inputs_of(batch))), expected);
  }
}

TEST_CASE("gradients are the same whichever inputs ask for one") {
  const auto batch = random_batch(kRows, kWidth, 13);
  for (const auto& subject : subjects()) {
    for (const auto& setting : {dense(), streaming(kSide)}) {
      const auto with_both =
          gradient([&](const Inputs& in) { return subject.loss({in[0], in[1], batch.x_labels, batch.y_labels}, {setting}); },
                   as_leaves({batch.x, batch.y}));
      const auto x_alone =
          gradient([&](const Inputs& in) { return subject.loss({in[0], batch.y, batch.x_labels, batch.y_labels}, {setting}); },
                   as_leaves({batch.x}));
      check_gradients(name_of(subject, "of x alone", setting), x_alone, {with_both[0]}, tolerances(at::kDouble).gradient);
      if (!subject.y_has_gradient) continue;
      const auto y_alone =
          gradient([&](const Inputs& in) { return subject.loss({batch.x, in[0], batch.x_labels, batch.y_labels}, {setting}); },
                   as_leaves({batch.y}));
      check_gradients(name_of(subject, "of y alone", setting), y_alone, {with_both[1]}, tolerances(at::kDouble).gradient);
    }
  }
}

TEST_CASE("one set in both places gets the sum of both gradients") {
  const auto batch = random_batch(kRows, kWidth, 14);
  for (const auto& subject : subjects()) {
    if (!subject.uses_y) continue;
    for (const auto& setting : {dense(), streaming(kSide)}) {
      const auto loss = [&](const Tensor& x, const Tensor& y) { return subject.loss({x, y, batch.x_labels, batch.y_labels}, {setting}); };
      const auto apart = gradient([&](const Inputs& in) { return loss(in[0], in[1]); }, as_leaves({batch.x, batch.x}));
      const auto together = gradient([&](const Inputs& in) { return loss(in[0], in[0]); }, as_leaves({batch.x}));
      check_gradients(name_of(subject, "x twice", setting), together, {apart[0] + apart[1]}, tolerances(at::kDouble).gradient);
    }
  }
}

TEST_CASE("the scale of CLIP gets first and second derivatives") {
  const auto batch = random_batch(kRows, kWidth, 15);
  Random random(16);
  for (const auto& scale : {at::scalar_tensor(3.0, at::kDouble), at::full({1}, 3.0, at::kDouble)}) {
    const Inputs inputs{batch.x, batch.y, scale},
        directions{random.normal(batch.x.sizes()), random.normal(batch.y.sizes()), at::ones_like(scale)};
    for (const auto& setting : {dense(), streaming(kSide)}) {
      const Function loss = [&](const Inputs& in) {
        return idcl::functional::clip_loss(in[0], in[1], in[2], with(idcl::ClipLossOptions(), setting, at::kDouble));
      };
      std::ostringstream name;
      name << "clip, scale of " << scale.dim() << " dimensions, " << setting;
      gradcheck(name.str(), loss, inputs);
      gradcheck(name.str() + ", second derivative", slope_of(loss, directions), inputs);
    }
  }
}

TEST_CASE("gradients of rows of zeros are finite, to the second derivative") {
  auto batch = random_batch(kRows, kWidth, 17);
  batch.x.narrow(0, 2, 2).zero_();
  batch.y[5].zero_();
  for (const auto& subject : subjects()) {
    for (const auto& setting : {dense(), streaming(kSide)}) {
      const auto loss = function_of(subject, batch, {setting, torch::kNone, 0.3});
      INFO(name_of(subject, "zero rows", setting));
      for (const auto& slope : gradient(loss, as_leaves(inputs_of(batch)))) CHECK(slope.isfinite().all().item<bool>());
      for (const auto& slope : gradient(slope_of(loss, directions_of(batch)), as_leaves(inputs_of(batch))))
        CHECK(slope.isfinite().all().item<bool>());
    }
  }
}

TEST_CASE("the streaming evaluator refuses a third derivative, the dense one has it") {
  const auto batch = random_batch(kRows, kWidth, 18);
  const auto third = [&](const Subject& subject, const Setting& setting) {
    const auto second = slope_of(function_of(subject, batch, {setting, torch::kNone, 0.3}), directions_of(batch));
    return gradient(slope_of(second, directions_of(batch)), as_leaves(inputs_of(batch)));
  };
  for (const auto& subject : subjects()) {
    INFO(subject.name);
    CHECK_THROWS_WITH(third(subject, streaming(kSide)),
                      Catch::Contains("idcl: the streaming evaluator has first and second derivatives; for a third use Evaluator::Dense"));
    CHECK(largest(third(subject, dense())[0]) > 0);
  }
}
