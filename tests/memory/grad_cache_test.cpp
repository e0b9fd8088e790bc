// GradCache: the gradients of chunks are those of the whole batch, dropout or not, one tower or two.

#include "idcl/memory/grad_cache.hpp"

#include "idcl/losses/clip.hpp"
#include "idcl/losses/info_nce.hpp"
#include "idcl/losses/sup_con.hpp"
#include "support/compare.hpp"
#include "support/memory.hpp"
#include "support/modes.hpp"
#include "support/random.hpp"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
namespace F = idcl::functional;
namespace nn = torch::nn;

constexpr int64_t kRows = 23, kWidth = 6;

nn::Sequential encoder(double dropout, int64_t hidden = 16) {
  return nn::Sequential(nn::Linear(kWidth, hidden), nn::ReLU(), nn::Dropout(dropout), nn::Linear(hidden, 8));
}

std::vector<Tensor> take_gradients(nn::Module& module) {
  std::vector<Tensor> slopes;
  for (auto& parameter : module.parameters()) {
    slopes.push_back(or_zeros(parameter.grad(), parameter).clone());
    parameter.mutable_grad() = Tensor();
  }
  return slopes;
}

void check_all_close(const std::string& what, const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(largest(expected[i]) > 0);
    check_close(what + ", parameter " + std::to_string(i), actual[i], expected[i], {1e-6, 1e-7});
  }
}

/// The chunks' embeddings with all their graphs at once.
Tensor in_chunks(nn::Sequential& tower, const Tensor& x, int64_t chunk) {
  std::vector<Tensor> parts;
  for (int64_t begin = 0; begin < x.size(0); begin += chunk)
    parts.push_back(tower->forward(x.narrow(0, begin, std::min(chunk, x.size(0) - begin))));
  return at::cat(parts);
}

}  // namespace

TEST_CASE("chunks give the gradients of the whole batch") {
  torch::manual_seed(1);
  Random random(1);
  auto tower = encoder(0);
  const auto x = random.normal({kRows, kWidth}, at::kFloat);
  const auto labels = random.integers(4, {kRows});
  const auto loss = [&](const Tensor& e) { return F::sup_con_loss(e, labels); };
  const auto whole = loss(tower->forward(x));
  whole.backward();
  const auto expected = take_gradients(*tower);
  for (const int64_t chunk : {1, 4, 22, 23, 100}) {
    const auto value = GradCache{.chunk = chunk}(loss, idcl::tower(tower, x));
    CHECK_FALSE(value.requires_grad());
    check_close("value", value.item<double>(), whole.item<double>(), {1e-6, 0});
    check_all_close("chunks of " + std::to_string(chunk), take_gradients(*tower), expected);
  }
}

TEST_CASE("dropout drops the same in both passes, and random numbers go on as after one") {
  Random random(2);
  torch::manual_seed(2);
  auto image = encoder(0.5), text = encoder(0.3);
  const auto a = random.normal({kRows, kWidth}, at::kFloat), b = random.normal({kRows, kWidth}, at::kFloat);
  const auto loss = [&](const Tensor& u, const Tensor& v) { return F::info_nce_loss(u, v, InfoNCELossOptions().symmetric(true)); };
  for (const int64_t chunk : {3, 8, 23}) {
    torch::manual_seed(7);
    const auto u = in_chunks(image, a, chunk), v = in_chunks(text, b, chunk);
    const auto whole = loss(u, v);
    whole.backward();
    const auto expected_next = torch::rand({4});
    const auto expected_image = take_gradients(*image), expected_text = take_gradients(*text);
    torch::manual_seed(7);
    const auto value = GradCache{.chunk = chunk}(loss, tower(image, a), tower(text, b));
    CHECK(torch::rand({4}).equal(expected_next));
    check_close("value", value.item<double>(), whole.item<double>(), {1e-6, 0});
    check_all_close("image", take_gradients(*image), expected_image);
    check_all_close("text", take_gradients(*text), expected_text);
  }
}

TEST_CASE("a generator of the module's own is replayed too") {
  Random random(3);
  const auto x = random.normal({kRows, kWidth}, at::kDouble);
  auto weight = random.normal({kWidth, kWidth}, at::kDouble).requires_grad_();
  auto generator = at::detail::createCPUGenerator(5);
  const auto noisy = [&](const Tensor& rows) { return at::mm(rows + at::randn(rows.sizes(), generator, at::kDouble), weight); };
  const auto loss = [](const Tensor& e) { return F::info_nce_loss(e, e.flip(0)); };
  const auto gradient = [&](bool replayed) {
    generator.set_current_seed(5);
    GradCache{.chunk = 5, .generators = replayed ? std::vector<at::Generator>{generator} : std::vector<at::Generator>{}}(loss,
                                                                                                                         tower(noisy, x));
    const auto slope = weight.grad().clone();
    weight.mutable_grad() = Tensor();
    return slope;
  };
  generator.set_current_seed(5);
  std::vector<Tensor> parts;
  for (int64_t begin = 0; begin < kRows; begin += 5) parts.push_back(noisy(x.narrow(0, begin, std::min<int64_t>(5, kRows - begin))));
  loss(at::cat(parts)).backward();
  const auto expected = weight.grad().clone();
  weight.mutable_grad() = Tensor();
  check_close("replayed", gradient(true), expected, {1e-12, 0});
  CHECK(largest(gradient(false) - expected) > 1e-3);
}

TEST_CASE("the loss's own parameters, inputs and several inputs a tower have gradients") {
  Random random(4);
  torch::manual_seed(4);
  auto image = encoder(0), text = encoder(0);
  auto a = random.normal({kRows, kWidth}, at::kFloat).requires_grad_();
  const auto b = random.normal({kRows, kWidth}, at::kFloat), shift = random.normal({kRows, 1}, at::kFloat);
  ClipLoss clip;
  const auto shifted = [&](const Tensor& x, const Tensor& by) { return image->forward(x * by); };
  clip(shifted(a, shift), text->forward(b)).backward();
  const auto expected_a = a.grad().clone();
  const auto expected = take_gradients(*clip), expected_image = take_gradients(*image), expected_text = take_gradients(*text);
  a.mutable_grad() = Tensor();
  GradCache{.chunk = 6}([&](const Tensor& u, const Tensor& v) { return clip(u, v); }, tower(shifted, a, shift), tower(text, b));
  check_all_close("scale", take_gradients(*clip), expected);
  check_all_close("image", take_gradients(*image), expected_image);
  check_all_close("text", take_gradients(*text), expected_text);
  check_close("input", a.grad(), expected_a, {1e-6, 1e-7});
}

TEST_CASE("gradients are added to those that are there, and frozen towers have none") {
  Random random(5);
  torch::manual_seed(5);
  auto live = encoder(0), frozen = encoder(0);
  for (auto& parameter : frozen->parameters()) parameter.requires_grad_(false);
  const auto x = random.normal({kRows, kWidth}, at::kFloat);
  const auto loss = [](const Tensor& u, const Tensor& v) { return F::info_nce_loss(u, v); };
  const auto step = [&] { GradCache{.chunk = 7}(loss, tower(live, x), tower(frozen, x)); };
  step();
  const auto once = take_gradients(*live);
  step();
  step();
  auto twice = take_gradients(*live);
  for (auto& slope : twice) slope = slope / 2;
  check_all_close("twice", twice, once);
  for (const auto& parameter : frozen->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("autocast rounds the same in both passes, and gradients reach the parameters") {
  Random random(6);
  torch::manual_seed(6);
  auto module = encoder(0);
  const auto x = random.normal({kRows, kWidth}, at::kFloat);
  const auto labels = random.integers(4, {kRows});
  const auto loss = [&](const Tensor& e) { return F::sup_con_loss(e, labels); };
  {
    const Autocast autocast(at::kBFloat16);
    loss(in_chunks(module, x, 8)).backward();
  }
  const auto expected = take_gradients(*module);
  {
    const Autocast autocast(at::kBFloat16);
    GradCache{.chunk = 8}(loss, tower(module, x));
  }
  const auto actual = take_gradients(*module);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(largest(expected[i]) > 0);
    check_close("parameter " + std::to_string(i), actual[i], expected[i], {1e-2, 1e-6});  // bfloat16: gradients are added in another order
  }
}

TEST_CASE("one chunk's activations are held at a time") {
  Random random(7);
  torch::manual_seed(7);
  auto module = encoder(0, /*hidden=*/2048);
  const auto x = random.normal({512, kWidth}, at::kFloat);
  const auto labels = random.integers(4, {512});
  const auto loss = [&](const Tensor& e) { return F::sup_con_loss(e, labels); };
  const auto peak = [&](const auto& step) {
    step();  // gradients and workspace are there
    const Memory memory;
    step();
    return memory.peak();
  };
  const auto whole = peak([&] { loss(module->forward(x)).backward(); });
  const auto chunks = peak([&] { GradCache{.chunk = 16}(loss, tower(module, x)); });
  CHECK(whole > 2 * 512 * 2048 * 4);  // activations of two layers
  CHECK(chunks < whole / 4);
}

TEST_CASE("no rows, and nothing to learn") {
  torch::manual_seed(8);
  auto module = encoder(0);
  const auto none = at::zeros({0, kWidth}), labels = at::zeros({0}, at::kLong);
  CHECK(GradCache{}([&](const Tensor& e) { return F::sup_con_loss(e, labels); }, tower(module, none)).item<double>() == 0);
  const at::NoGradGuard no_grad;
  const auto x = Random(8).normal({kRows, kWidth}, at::kFloat);
  CHECK(GradCache{.chunk = 4}([](const Tensor& e) { return F::info_nce_loss(e, e); }, tower(module, x)).item<double>() > 0);
}

TEST_CASE("a step says what makes no sense") {
  auto module = encoder(0);
  const auto x = at::zeros({4, kWidth});
  const auto sum = [](const Tensor& e) { return e.sum(); };
  CHECK_THROWS_WITH(GradCache{.chunk = 0}(sum, tower(module, x)), Contains("idcl::GradCache: expected `chunk` >= 1, but got 0"));
  CHECK_THROWS_WITH(GradCache{}(sum, tower(module, Tensor())),
                    Contains("idcl::GradCache: expected inputs [B, ...], but got an undefined tensor"));
  CHECK_THROWS_WITH(GradCache{}(sum, tower([](const Tensor& a, const Tensor&) { return a; }, x, x.narrow(0, 0, 3))),
                    Contains("expected inputs of one tower to have the same rows, but got 4 and 3"));
  CHECK_THROWS_WITH(GradCache{}([](const Tensor& e) { return e; }, tower(module, x)),
                    Contains("expected `loss` to return a scalar, but got [4, 8]"));
  CHECK_THROWS_WITH(GradCache{}(sum, tower([](const Tensor& a) { return a.sum(0); }, x)),
                    Contains("expected a tower to return [4, ...] for 4 rows, but got [6]"));
}
