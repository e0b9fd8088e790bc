#include "support/catch.hpp"

#include "golden.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <idcl/losses/idcl.hpp>

using namespace merc;

TEST_CASE("cross-entropy counts labelled rows alone and weighs classes", "[objective]") {
  const auto logits = at::randn({6, 3}, at::kDouble);
  const auto labels = at::tensor({2, -1, 0, 1, -1, 2}, at::kLong);
  const auto weights = at::tensor({0.5, 2.0, 1.5}, at::kDouble);
  const auto log_p = at::log_softmax(logits, 1);
  double plain = 0, weighted = 0, total = 0;
  for (const int64_t row : {0, 2, 3, 5}) {
    const auto label = labels[row].item<int64_t>();
    const double cost = -log_p[row][label].item<double>(), weight = weights[label].item<double>();
    plain += cost / 4;
    weighted += weight * cost;
    total += weight;
  }
  CHECK(cross_entropy(logits, labels, {}).item<double>() == Approx(plain).epsilon(1e-12));
  CHECK(cross_entropy(logits, labels, weights).item<double>() == Approx(weighted / total).epsilon(1e-12));
  const auto leaf = logits.clone().requires_grad_();
  const auto nothing = cross_entropy(leaf, at::full({6}, -1, at::kLong), {});
  nothing.backward();
  CHECK(nothing.item<double>() == 0);
  CHECK(at::equal(leaf.grad(), at::zeros_like(logits)));
}

TEST_CASE("balanced weights make every class count the same", "[objective]") {
  const auto labels = at::tensor({0, 0, 0, 2, -1, 2, 2, 0, 3}, at::kLong);
  const auto weights = balanced_weights(labels, 5);
  CHECK(at::allclose(weights, at::tensor({8 / (5 * 4.), 0., 8 / (5 * 3.), 8 / (5 * 1.), 0.}, at::kFloat)));
}

TEST_CASE("the bank's dialogs are references, not anchors, and get no gradient", "[bank]") {
  const Objective objective{.num_neighbors = 2, .temperature = 0.3, .limit_neighbors = false};
  const auto options = idcl::IDCLLossOptions().num_neighbors(2).temperature(0.3).reduction(torch::kNone);
  const auto text = at::randn({4, 5}, at::kDouble).requires_grad_(), audio = at::randn({4, 5}, at::kDouble).requires_grad_();
  const auto old_text = at::randn({3, 5}, at::kDouble).requires_grad_(), old_audio = at::randn({3, 5}, at::kDouble).requires_grad_();
  MemoryBank bank(8);
  bank.push({old_text, old_audio});
  const auto value = contrast({text, audio}, bank, objective);
  const auto expected = idcl::functional::idcl_pair_loss(at::cat({text, old_text.detach()}), at::cat({audio, old_audio.detach()}), options)
                            .narrow(0, 0, 4)
                            .mean();
  CHECK(value.item<double>() == Approx(expected.item<double>()).epsilon(1e-12));
  const auto mine = torch::autograd::grad({value}, {text, audio, old_text}, {}, std::nullopt, false, true);
  const auto theirs = torch::autograd::grad({expected}, {text, audio});
  CHECK(at::allclose(mine[0], theirs[0]));
  CHECK(at::allclose(mine[1], theirs[1]));
  CHECK_FALSE(mine[2].defined());
}

TEST_CASE("a bank forgets the oldest beyond its size, and one of size 0 remembers nothing", "[bank]") {
  const auto rows = [](double first, int64_t count) {
    return at::arange(first, first + static_cast<double>(count), at::kDouble).unsqueeze(1);
  };
  MemoryBank bank(5);
  bank.push({rows(0, 3)});
  bank.push({rows(10, 3)});
  CHECK(at::equal(bank.stored().at(0), at::cat({rows(10, 3), rows(0, 2)})));
  auto none = MemoryBank::none();
  none.push({rows(0, 3)});
  CHECK(none.stored().empty());
  CHECK(none.append_to(rows(0, 3), 0).size(0) == 3);
}

TEST_CASE("a bank forgets dialogs by their numbers", "[bank]") {
  MemoryBank bank(8);
  bank.forget(at::tensor({1, 2}, at::kLong));  // of nothing
  bank.push({at::tensor({1., 2., 3.}).unsqueeze(1), at::tensor({4, 7, 2}, at::kLong)});
  bank.forget(at::tensor({7, 9}, at::kLong));
  CHECK(at::equal(bank.stored().at(0), at::tensor({1., 3.}).unsqueeze(1)));
  CHECK(at::equal(bank.stored().at(1), at::tensor({4, 2}, at::kLong)));
  bank.forget(at::tensor({2, 4}, at::kLong));
  CHECK(bank.append_to(at::ones({3, 1}), 0).size(0) == 3);
}

TEST_CASE("in a bank without repeats no dialog stands twice among the references", "[bank]") {
  const auto all = golden::tensors("golden_small.pt");
  auto batch = golden::batch(all, "input.", Pooling::Masked, at::kDouble);
  const auto dialogs = static_cast<int64_t>(batch.layout.spans.size());
  auto network = golden::network("official_small.pth", at::kDouble);
  auto dropout = merc::Dropout::none();
  const auto passes = [&](bool unique, const std::vector<int64_t>& first_numbers) {
    const Objective objective{.num_neighbors = 2, .memory_bank_unique = unique};
    MemoryBank bank(100);
    Terms terms;
    for (const auto first : first_numbers) {
      batch.dialogs = at::arange(first, first + dialogs);
      terms = accumulate(*network, batch, objective, bank, dropout);
    }
    return std::pair(terms.idcl, bank.stored().front().size(0));
  };
  const auto alone = passes(true, {0});
  CHECK(passes(true, {0, 0, 0}) == std::pair(alone.first, dialogs));  // nobody is compared with an older self
  CHECK(passes(false, {0, 0, 0}).first != alone.first);
  CHECK(passes(false, {0, 0, 0}).second == 3 * dialogs);
  CHECK(passes(true, {0, dialogs, 0}).second == 2 * dialogs);
  CHECK(passes(true, {0, 1}).second == dialogs + 1);
}

TEST_CASE("K is limited to half of the other dialogs, so that a small batch has a gradient", "[objective]") {
  const std::vector<Tensor> pooled{at::randn({9, 5}, at::kDouble).requires_grad_(), at::randn({9, 5}, at::kDouble).requires_grad_()};
  Objective objective{.num_neighbors = 15, .temperature = 0.3};
  const auto limited = contrast(pooled, MemoryBank::none(), objective);
  objective.num_neighbors = 4;
  CHECK(limited.item<double>() == contrast(pooled, MemoryBank::none(), objective).item<double>());
  CHECK(limited.item<double>() > 0);
  objective = {.num_neighbors = 15, .temperature = 0.3, .limit_neighbors = false};
  CHECK(contrast(pooled, MemoryBank::none(), objective).item<double>() == Approx(0).margin(1e-12));
}

TEST_CASE("three modalities are contrasted pair by pair, one is not contrasted at all", "[objective]") {
  const auto rows = [] { return at::randn({7, 5}, at::kDouble).requires_grad_(); };
  const auto a = rows(), b = rows(), c = rows();
  const Objective objective{.num_neighbors = 2, .temperature = 0.3};
  const auto pair = [&](const Tensor& x, const Tensor& y) { return contrast({x, y}, MemoryBank::none(), objective).item<double>(); };
  CHECK(contrast({a, b, c}, MemoryBank::none(), objective).item<double>() ==
        Approx((pair(a, b) + pair(a, c) + pair(b, c)) / 3).epsilon(1e-12));
  CHECK(contrast({a}, MemoryBank::none(), objective).item<double>() == 0);
}

TEST_CASE("the ratio of gradient norms is that of the two terms at the encoder outputs", "[objective]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto batch = golden::batch(all, "input.", Pooling::Masked, at::kDouble);
  auto dropout = merc::Dropout::none();
  const Objective objective{.idcl_weight = 0.7, .num_neighbors = 3};
  auto network = golden::network("official_small.pth", at::kDouble);
  auto bank = MemoryBank::none();
  const auto terms = accumulate(*network, batch, objective, bank, dropout);

  auto encoded = network->encode(batch, dropout);
  const auto ce = cross_entropy(network->logits(encoded), batch.labels, {});
  const auto idcl =
      0.7 * contrast({pool(encoded[0], batch.layout, Pooling::Masked), pool(encoded[1], batch.layout, Pooling::Masked)}, bank, objective);
  const auto norm = [&](const Tensor& loss) {
    const auto gradients = torch::autograd::grad({loss}, encoded, {}, /*retain_graph=*/true);
    return std::hypot(gradients[0].norm().item<double>(), gradients[1].norm().item<double>());
  };
  CHECK(terms.gradient_ratio == Approx(norm(idcl) / norm(ce)).epsilon(1e-10));
  CHECK(terms.loss == Approx((ce + idcl).item<double>()).epsilon(1e-12));
}
