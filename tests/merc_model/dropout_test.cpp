#include "support/catch.hpp"

#include "golden.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <ATen/Parallel.h>

using namespace merc;

TEST_CASE("dropout keeps the share it should and scales it back", "[dropout]") {
  for (const double p : {0.1, 0.5, 0.9}) {
    const int64_t n = 1 << 20;
    merc::Dropout dropout(p, 7);
    const auto y = dropout.dropout(at::ones({n}));
    const double kept = y.ne(0).sum().item<double>() / n;
    CHECK(std::abs(kept - (1 - p)) < 5 * std::sqrt(p * (1 - p) / n));  // five standard errors
    CHECK(at::allclose(y.masked_select(y.ne(0)), at::full({1}, 1 / (1 - p)), 1e-4));
    // Neighbours, and the same places of two draws, are independent.
    const auto centred = y.ne(0).to(at::kFloat) - (1 - p), again = dropout.dropout(at::ones({n})).ne(0).to(at::kFloat) - (1 - p);
    const double scale = p * (1 - p) * std::sqrt(static_cast<double>(n));
    for (const int64_t lag : {1, 8, 32, 1 << 14})
      CHECK(std::abs((centred.narrow(0, lag, n - lag) * centred.narrow(0, 0, n - lag)).sum().item<double>()) / scale < 5 * 1.0);
    CHECK(std::abs((centred * again).sum().item<double>()) / scale < 5);
  }
}

TEST_CASE("what is dropped depends on the state alone", "[dropout]") {
  const auto x = at::rand({300, 333}).add_(1);
  merc::Dropout one(0.5, 3), same(0.5, 3), other(0.5, 4);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto y = one.dropout(x);
  at::set_num_threads(2);
  CHECK(at::equal(y, same.dropout(x)));
  at::set_num_threads(threads);
  CHECK(one.state() == same.state());
  CHECK_FALSE(at::equal(y, other.dropout(x)));
  CHECK_FALSE(at::equal(y, one.dropout(x)));
}

TEST_CASE("dropout_add is dropout and a sum, with the gradients of both", "[dropout]") {
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const auto x = at::randn({37, 41}, dtype).requires_grad_(), r = at::randn({37, 41}, dtype).requires_grad_();
    const auto upstream = at::randn({41, 37}, dtype).t();  // not contiguous
    merc::Dropout one(0.3, 9), same(0.3, 9);
    const auto y = one.dropout_add(x, r);
    const auto keep = same.dropout(at::ones({37, 41}, dtype));
    CHECK(at::allclose(y, x * keep + r));
    const auto gradients = torch::autograd::grad({y}, {x, r}, {upstream});
    CHECK(at::allclose(gradients[0], upstream * keep));
    CHECK(at::equal(gradients[1], upstream));
  }
}

TEST_CASE("without dropout nothing is drawn and nothing copied", "[dropout]") {
  auto none = merc::Dropout::none();
  const auto x = at::randn({3, 4});
  CHECK(none.dropout(x).is_same(x));
  CHECK(at::equal(none.dropout_add(x, x), x + x));
  CHECK(none.state() == merc::Dropout::none().state());
  CHECK_THROWS_WITH(merc::Dropout(1.0, 0), Catch::Matchers::Contains("expected `p` in [0, 1), but got 1"));
}

TEST_CASE("the gradient with dropout is the slope of the loss along any direction", "[dropout]") {
  const auto all = golden::tensors("golden_small.pt");
  for (const auto pooling : {Pooling::Masked, Pooling::Padded}) {
    auto network = golden::network("official_small.pth", at::kDouble);
    const auto batch = golden::batch(all, "input.", pooling, at::kDouble);
    const Objective objective{.idcl_weight = 0.5, .num_neighbors = 3, .pooling = pooling};
    const auto loss = [&] {
      merc::Dropout dropout(0.4, 5);
      auto bank = MemoryBank::none();
      for (auto& parameter : network->parameters()) parameter.mutable_grad() = Tensor();
      return accumulate(*network, batch, objective, bank, dropout).loss;
    };
    loss();
    double slope = 0;
    std::vector<std::pair<Tensor, Tensor>> moves;
    for (auto& parameter : network->parameters()) {
      if (!parameter.grad().defined()) continue;
      const auto direction = at::randn_like(parameter);
      slope += (direction * parameter.grad()).sum().item<double>();
      moves.emplace_back(parameter, direction);
    }
    const double h = 1e-6;
    const auto moved = [&](double distance) {
      const at::NoGradGuard no_grad;
      for (auto& [parameter, direction] : moves) parameter.add_(direction, distance);
    };
    moved(h);
    const double ahead = loss();
    moved(-2 * h);
    const double behind = loss();
    CHECK((ahead - behind) / (2 * h) == Approx(slope).epsilon(1e-6));
  }
}
