// IDCL over dialogs as sequences: against a loop over pairs, gradients, padding, small batches, the module, and what it refuses.

#include "idcl/losses/trajectory_idcl.hpp"
#include "idcl/trajectory/soft_dtw_divergence.hpp"
#include "idcl/trajectory/torch/call.hpp"
#include "support/compare.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"
#include "trajectory/message_of.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

namespace F = idcl::functional;
using namespace idcl::test;
using Options = idcl::TrajectoryIDCLLossOptions;

std::vector<Tensor> dialogs_of(const Tensor& rows, const Tensor& lengths, bool normalize) {
  std::vector<Tensor> dialogs;
  for (int64_t b = 0; b < rows.size(0); ++b) {
    const auto dialog = rows[b].narrow(0, 0, lengths[b].item<int64_t>());
    dialogs.push_back(normalize ? dialog / dialog.norm(2, {1}, true) : dialog);
  }
  return dialogs;
}

double divergence(const Tensor& a, const Tensor& b, double gamma) {
  return idcl::trajectory::SoftDtwDivergence{.gamma = gamma}(a, b).item<double>() / static_cast<double>(std::max(a.size(0), b.size(0)));
}

/// The formula, pair by pair.
std::vector<double> naive(const Tensor& anchor, const Tensor& target, const Tensor& lengths, const Options& options) {
  const auto where = dialogs_of(anchor, lengths, options.normalize()), what = dialogs_of(target, lengths, options.normalize());
  const auto b = static_cast<int64_t>(what.size());
  std::vector<double> losses;
  for (int64_t i = 0; i < b; ++i) {
    std::vector<std::pair<double, int64_t>> near;
    for (int64_t j = 0; j < b; ++j)
      if (j != i) near.emplace_back(divergence(where[i], where[j], options.gamma()), j);
    std::sort(near.begin(), near.end());
    double positive = 0, all = 0;
    for (std::size_t rank = 0; rank < near.size(); ++rank) {
      const auto e = std::exp(-divergence(what[i], what[near[rank].second], options.gamma()) / options.temperature());
      all += e;
      if (static_cast<int64_t>(rank) < options.num_neighbors()) positive += e;
    }
    losses.push_back(std::log(all) - std::log(positive));
  }
  return losses;
}

}  // namespace

TEST_CASE("trajectory_idcl_loss is the formula, dialog by dialog") {
  Random random(1);
  const auto anchor = random.normal({6, 5, 3}), target = random.normal({6, 5, 4});
  const auto lengths = at::tensor({5, 1, 3, 4, 2, 5}, at::kLong);
  for (const bool normalize : {true, false}) {
    for (const double temperature : {0.05, 1.0}) {
      const auto options = Options().num_neighbors(2).temperature(temperature).gamma(0.2).normalize(normalize);
      const auto expected = at::tensor(naive(anchor, target, lengths, options), at::kDouble);
      check_close("none", F::trajectory_idcl_loss(anchor, target, lengths, Options(options).reduction(torch::kNone)), expected,
                  {1e-9, 1e-11});
      check_close("mean", F::trajectory_idcl_loss(anchor, target, lengths, options), expected.mean(), {1e-9, 1e-11});
      check_close("sum", F::trajectory_idcl_loss(anchor, target, lengths, Options(options).reduction(torch::kSum)), expected.sum(),
                  {1e-9, 1e-11});
    }
  }
}

TEST_CASE("the order of utterances counts, which a pooled cosine cannot see") {
  const auto up = at::arange(1, 7, at::kDouble).view({1, 6, 1}).expand({1, 6, 2}) * at::tensor({1., -1.}, at::kDouble);
  const auto rows = at::cat({up, up.flip(1), up, up.flip(1)});
  const auto options = Options().num_neighbors(1).normalize(false).temperature(0.5);
  CHECK(F::trajectory_idcl_loss(rows, rows, options).item<double>() < 1e-6);
}

TEST_CASE("gradients of trajectory_idcl_loss agree with central differences, and the anchor has none") {
  Random random(2);
  const auto anchor = random.normal({4, 3, 2}).requires_grad_(), target = random.normal({4, 3, 2});
  const auto lengths = at::tensor({3, 2, 3, 1}, at::kLong);
  for (const bool normalize : {true, false})
    gradcheck("trajectory_idcl_loss",
              [&](const Inputs& in) {
                return F::trajectory_idcl_loss(anchor.detach(), in[0], lengths,
                                               Options().num_neighbors(1).temperature(0.5).gamma(0.5).normalize(normalize));
              },
              {target});
  const auto rows = target.clone().requires_grad_();
  F::trajectory_idcl_loss(anchor, rows, lengths, Options().num_neighbors(1)).backward();
  CHECK(!anchor.grad().defined());
  CHECK(rows.grad()[3].narrow(0, 1, 2).abs().sum().item<double>() == 0);  // padding
}

TEST_CASE("second derivatives of trajectory_idcl_loss agree with central differences") {
  Random random(4);
  const auto anchor = random.normal({4, 3, 2}), lengths = at::tensor({3, 2, 3, 1}, at::kLong);
  for (const bool normalize : {true, false}) {
    const Function f = [&](const Inputs& in) {
      return F::trajectory_idcl_loss(anchor, in[0], lengths, Options().num_neighbors(1).temperature(0.5).gamma(0.5).normalize(normalize));
    };
    gradcheck("second derivative", slope_of(f, {random.normal({4, 3, 2})}), {random.normal({4, 3, 2})});
  }
}

TEST_CASE("a mask says what lengths say, padding may hold anything, and the order of dialogs is free") {
  Random random(3);
  const auto anchor = random.normal({5, 4, 2}), target = random.normal({5, 4, 2});
  const auto lengths = at::tensor({4, 2, 3, 1, 4}, at::kLong);
  const auto mask = at::arange(4) < lengths.unsqueeze(1);
  const auto options = Options().num_neighbors(2);
  const auto expected = F::trajectory_idcl_loss(anchor, target, lengths, options);
  const auto dirty = target.masked_fill(mask.logical_not().unsqueeze(2), std::nan(""));
  CHECK(F::trajectory_idcl_loss(anchor, dirty, mask, options).equal(expected));
  const auto order = at::tensor({3, 0, 4, 2, 1}, at::kLong);
  check_close(
      "permuted",
      F::trajectory_idcl_loss(anchor.index_select(0, order), target.index_select(0, order), lengths.index_select(0, order), options),
      expected, {1e-12, 1e-12});
  idcl::TrajectoryIDCLLoss loss(options);
  check_close("module", loss->forward(anchor, target, lengths), (expected + F::trajectory_idcl_loss(target, anchor, lengths, options)) / 2,
              {1e-12, 1e-12});
  check_close("float", F::trajectory_idcl_loss(anchor.to(at::kFloat), target.to(at::kFloat), lengths, options).to(at::kDouble), expected,
              {1e-4, 1e-5});
}

TEST_CASE("no dialog or one gives zero, attached to the graph") {
  for (const int64_t b : {0, 1}) {
    const auto target = at::zeros({b, 3, 2}, at::kDouble).requires_grad_();
    const auto loss = F::trajectory_idcl_loss(at::zeros({b, 3, 2}, at::kDouble), target);
    CHECK(loss.item<double>() == 0);
    loss.backward();
    CHECK(target.grad().isfinite().all().item<bool>());
  }
}

TEST_CASE("trajectory_idcl_loss says what it expected") {
  const auto x = at::zeros({3, 4, 2}), y = at::zeros({3, 5, 2});
  using Catch::Matchers::Contains;
  CHECK_THAT(message_of([&] { F::trajectory_idcl_loss(x, y); }),
             Contains("idcl::trajectory_idcl_loss: expected `anchor` [3, 5, D] as `target` is, but got [3, 4, 2]"));
  CHECK_THAT(message_of([&] { F::trajectory_idcl_loss(x, x, at::tensor({4, 5, 1})); }),
             Contains("idcl::trajectory_idcl_loss: expected lengths of `target` in [1, 4], but got 5 for sequence 1"));
  CHECK_THAT(message_of([&] { F::trajectory_idcl_loss(x, x, Options().num_neighbors(0)); }),
             Contains("idcl::trajectory_idcl_loss: expected `num_neighbors` >= 1, but got 0"));
  CHECK_THAT(message_of([&] { F::trajectory_idcl_loss(x, x, Options().gamma(0)); }),
             Contains("idcl::trajectory_idcl_loss: expected `gamma`"));
  CHECK_THAT(message_of([&] { F::trajectory_idcl_loss(x.to(at::kDouble), x); }), Contains("to have one type"));
}
