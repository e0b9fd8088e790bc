// The loss: its parts against single pairs, masks and lengths, reductions, types, the module, and what it refuses.

#include "idcl/losses/soft_dtw.hpp"
#include "idcl/trajectory/soft_dtw.hpp"
#include "idcl/trajectory/soft_dtw_divergence.hpp"
#include "idcl/trajectory/torch/call.hpp"
#include "support/compare.hpp"
#include "support/gradcheck.hpp"
#include "support/memory.hpp"
#include "support/random.hpp"
#include "trajectory/message_of.hpp"

namespace {

namespace F = idcl::functional;
namespace trajectory = idcl::trajectory;
using namespace idcl::test;

}  // namespace

TEST_CASE("soft_dtw_loss is the mean, the sum or the list of its pairs, by either evaluator") {
  Random random(1);
  const auto x = random.normal({5, 7, 3}), y = random.normal({5, 4, 3});
  const auto n = at::tensor({7, 1, 3, 5, 2}, at::kLong), m = at::tensor({4, 4, 1, 2, 3}, at::kLong);
  std::vector<Tensor> pairs;
  for (int64_t b = 0; b < 5; ++b)
    pairs.push_back(
        trajectory::SoftDtwDivergence{.gamma = 0.3}(x[b].narrow(0, 0, n[b].item<int64_t>()), y[b].narrow(0, 0, m[b].item<int64_t>())));
  const auto expected = at::stack(pairs);
  for (const auto evaluator : {idcl::Evaluator::Auto, idcl::Evaluator::Dense}) {
    const auto options = idcl::SoftDtwLossOptions().gamma(0.3).evaluator(evaluator);
    check_close("none", F::soft_dtw_loss(x, y, n, m, idcl::SoftDtwLossOptions(options).reduction(torch::kNone)), expected, {1e-10, 1e-12});
    check_close("sum", F::soft_dtw_loss(x, y, n, m, idcl::SoftDtwLossOptions(options).reduction(torch::kSum)), expected.sum(),
                {1e-10, 1e-12});
    check_close("mean", F::soft_dtw_loss(x, y, n, m, options), expected.mean(), {1e-10, 1e-12});
  }
}

TEST_CASE("padding has no influence and no gradient, and a mask may have holes") {
  Random random(2);
  const auto rows = random.normal({2, 4, 2}), y = random.normal({2, 3, 2});
  const auto mask = at::tensor({1, 0, 1, 1, 0, 1, 1, 0}, at::kLong).view({2, 4}).to(at::kBool);
  const auto x = rows.masked_fill(mask.logical_not().unsqueeze(2), std::nan("")).requires_grad_();
  const auto loss = F::soft_dtw_loss(x, y, mask, {}, idcl::SoftDtwLossOptions().reduction(torch::kNone));
  loss.sum().backward();
  const auto first = rows[0].index_select(0, at::tensor({0, 2, 3}, at::kLong)),
             second = rows[1].index_select(0, at::tensor({1, 2}, at::kLong));
  check_close("first", loss[0].item<double>(), trajectory::SoftDtwDivergence{}(first, y[0]).item<double>(), {1e-12, 1e-12});
  check_close("second", loss[1].item<double>(), trajectory::SoftDtwDivergence{}(second, y[1]).item<double>(), {1e-12, 1e-12});
  CHECK(x.grad().isfinite().all().item<bool>());
  CHECK(x.grad().masked_select(mask.logical_not().unsqueeze(2)).abs().sum().item<double>() == 0);
}

TEST_CASE("gradients of the loss agree with central differences") {
  Random random(3);
  const auto lengths = at::tensor({4, 2}, at::kLong);
  for (const bool divergence : {false, true})
    for (const auto evaluator : {idcl::Evaluator::Auto, idcl::Evaluator::Dense})
      gradcheck("soft_dtw_loss",
                [&](const Inputs& in) {
                  return F::soft_dtw_loss(in[0], in[1], lengths, {},
                                          idcl::SoftDtwLossOptions().gamma(0.5).divergence(divergence).evaluator(evaluator));
                },
                {random.normal({2, 4, 2}), random.normal({2, 3, 2})});
}

TEST_CASE("second derivatives of ragged pairs agree with central differences, whatever the padding holds") {
  Random random(6);
  const auto n = at::tensor({4, 2}, at::kLong), m = at::tensor({1, 3}, at::kLong);
  const auto padding = (at::arange(4) >= n.unsqueeze(1)).unsqueeze(2);
  for (const bool divergence : {false, true})
    for (const auto evaluator : {idcl::Evaluator::Auto, idcl::Evaluator::Dense}) {
      const Function f = [=](const Inputs& in) {
        const auto x = in[0].masked_fill(padding, std::nan(""));
        return F::soft_dtw_loss(x, in[1], n, m, idcl::SoftDtwLossOptions().gamma(0.5).divergence(divergence).evaluator(evaluator));
      };
      gradcheck("second derivative", slope_of(f, {random.normal({2, 4, 2}), random.normal({2, 3, 2})}),
                {random.normal({2, 4, 2}), random.normal({2, 3, 2})});
    }
}

TEST_CASE("a first derivative that is to be differentiated is the same one, where one input is made of the other too") {
  const auto x = Random(9).normal({3, 4, 2}).requires_grad_();
  const auto of = [&](const Tensor& value, bool create_graph) {
    return torch::autograd::grad({value}, {x}, {}, /*retain_graph=*/true, create_graph)[0].detach();
  };
  for (const auto& value : {F::soft_dtw_loss(x, x.flip(0)), F::soft_dtw_loss(x, 2 * x + 1),
                            F::soft_dtw_loss(x, x, idcl::SoftDtwLossOptions().divergence(false))})
    check_close("slope", of(value, true), of(value, false), {1e-10, 1e-12});
}

TEST_CASE("types, empty batches and memory") {
  Random random(4);
  const auto x = random.normal({3, 5, 2}), y = random.normal({3, 6, 2});
  const auto expected = F::soft_dtw_loss(x, y).item<double>();
  CHECK(F::soft_dtw_loss(x.to(at::kFloat), y.to(at::kFloat)).scalar_type() == at::kFloat);
  check_close("float32", F::soft_dtw_loss(x.to(at::kFloat), y.to(at::kFloat)).item<double>(), expected, {1e-5, 0});
  CHECK(F::soft_dtw_loss(x.to(at::kBFloat16), y.to(at::kBFloat16)).scalar_type() == at::kFloat);
  const auto none = at::zeros({0, 5, 2}, at::kDouble).requires_grad_();
  const auto zero = F::soft_dtw_loss(none, at::zeros({0, 4, 2}, at::kDouble));
  zero.backward();
  CHECK(zero.item<double>() == 0);
  const auto big = random.normal({64, 50, 2}).requires_grad_(), other = random.normal({64, 50, 2});
  const Memory memory;
  F::soft_dtw_loss(big, other).backward();
  CHECK(memory.peak() < 64 * 50 * 50 * 8);  // not one table a pair: what is held are gradients
}

TEST_CASE("the module prints, clones and is called") {
  idcl::SoftDtwLoss loss(idcl::SoftDtwLossOptions().gamma(0.1));
  CHECK(c10::str(loss) == "idcl::SoftDtwLoss(gamma=0.1, divergence=true, reduction=mean)");
  Random random(5);
  const auto x = random.normal({3, 5, 2}), y = random.normal({3, 6, 2});
  CHECK(loss->forward(x, y).equal(F::soft_dtw_loss(x, y, idcl::SoftDtwLossOptions().gamma(0.1))));
  CHECK(std::dynamic_pointer_cast<idcl::SoftDtwLossImpl>(loss->clone())->options.gamma() == 0.1);
}

TEST_CASE("soft_dtw_loss refuses what makes no sense") {
  const auto x = at::ones({2, 3, 2}), y = at::ones({2, 4, 2});
  const auto lengths = [](std::initializer_list<int64_t> values) { return at::tensor(std::vector<int64_t>(values), at::kLong); };
  CHECK(message_of([&] { F::soft_dtw_loss(x, y, idcl::SoftDtwLossOptions().gamma(0)); }) ==
        "idcl::soft_dtw_loss: expected `gamma` to be finite and > 0, but got 0");
  CHECK(message_of([&] { F::soft_dtw_loss(x[0], y); }) == "idcl::soft_dtw_loss: expected `x` to be [B, L, D], but got [3, 2]");
  CHECK(message_of([&] { F::soft_dtw_loss(x, at::ones({2, 4, 3})); }) ==
        "idcl::soft_dtw_loss: expected `y` to be [2, M, 2] as `x` is, but got [2, 4, 3]");
  CHECK(message_of([&] { F::soft_dtw_loss(x, y, lengths({3, 4}), {}); }) ==
        "idcl::soft_dtw_loss: expected lengths of `x` in [1, 3], but got 4 for sequence 1");
  CHECK(message_of([&] { F::soft_dtw_loss(x, y, {}, lengths({0, 4})); }) ==
        "idcl::soft_dtw_loss: expected lengths of `y` in [1, 4], but got 0 for sequence 0");
  CHECK(message_of([&] { F::soft_dtw_loss(x, y, lengths({3}), {}); }) ==
        "idcl::soft_dtw_loss: expected `x_lengths` to be [2], but got [1]");
  CHECK(message_of([&] { F::soft_dtw_loss(x, y.to(at::kDouble)); }) ==
        "idcl::soft_dtw_loss: expected `x` and `y` to have one type, but got Float and Double");
  CHECK(message_of([&] { F::soft_dtw_loss(x.log().sub(INFINITY), y); }) ==
        "idcl::trajectory::soft_dtw: expected finite values, but got a NaN or an infinity");
  CHECK(message_of([&] { F::soft_dtw_loss(x, y, idcl::SoftDtwLossOptions().evaluator(idcl::Evaluator::Fused)); }) ==
        "idcl::soft_dtw_loss: expected `evaluator` Auto, Dense or Streaming, but got Fused, and this loss has no fused kernel");
}
