// What happens between a forward and its backward, or in the middle of either: inputs that are written to, gradients that are not asked for,
// rules that use the library themselves.

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/angular.hpp"
#include "idcl/losses/clip.hpp"
#include "idcl/losses/sup_con.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "idcl/mining/combine.hpp"
#include "idcl/mining/exclude_false_negatives.hpp"
#include "idcl/mining/hard.hpp"
#include "idcl/mining/label_sets.hpp"
#include "idcl/mining/neighbors.hpp"
#include "idcl/mining/pair_matrix.hpp"
#include "idcl/mining/rule.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"

#include <torch/csrc/autograd/autograd.h>

namespace {

namespace F = idcl::functional;
using namespace idcl::test;
using at::Tensor;

constexpr auto kStreaming = idcl::Evaluator::Streaming;

/// A gradient that never comes.
struct Blocked : torch::autograd::Function<Blocked> {
  static Tensor forward(torch::autograd::AutogradContext*, const Tensor& x) { return x.clone(); }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*, torch::autograd::variable_list) { return {Tensor()}; }
};

Tensor gradient(const Tensor& loss, const Tensor& x) { return torch::autograd::grad({loss}, {x}, {}, /*retain_graph=*/true)[0]; }

}  // namespace

TEST_CASE("what positives are told by may not be written to before backward, or does not matter") {
  Random random(5);
  const auto labels = random.integers(4, {70});
  const auto with = [&](const auto& loss, at::ScalarType type) {
    const auto x = as_leaves({random.normal({70, 6}, type)})[0];
    const auto mine = labels.clone();
    const auto value = loss(x, mine);
    const auto expected = gradient(value, x);
    mine.fill_(0);
    return std::tuple(value, x, expected);
  };
  SECTION("streamed, tiles are marked again") {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const auto [value, x, expected] = with(
          [](const Tensor& x, const Tensor& y) { return F::sup_con_loss(x, y, idcl::SupConLossOptions().evaluator(kStreaming)); }, type);
      CHECK_THROWS_WITH(value.backward(), Catch::Contains("modified by an inplace operation"));
    }
    const auto x = as_leaves({random.normal({70, 6})})[0];
    const auto options = idcl::SupConLossOptions().evaluator(kStreaming);
    const auto check = [&](const std::string& name, const Tensor& told_by, const auto& loss) {
      INFO(name);
      const auto written = told_by.clone();
      const auto value = loss(written), again = loss(told_by);
      const auto slope = torch::autograd::grad({loss(written)}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
      written.copy_(told_by);  // the same, but who knows
      CHECK_THROWS_WITH(value.backward(), Catch::Contains("modified by an inplace operation"));
      CHECK_THROWS_WITH(slope.sum().backward(), Catch::Contains("modified by an inplace operation"));
      CHECK_NOTHROW(again.backward());
    };
    namespace mining = idcl::mining;
    check("a matrix", labels.unsqueeze(1).eq(labels),
          [&](const Tensor& related) { return F::sup_con_loss(x, mining::PairMatrix{related}, options); });
    check("sets", at::one_hot(labels, 4).to(at::kDouble),
          [&](const Tensor& sets) { return F::sup_con_loss(x, mining::LabelSets{.sets = sets}, options); });
    check("pairs", at::arange(35), [&](const Tensor& anchors) {
      return F::sup_con_loss(x, labels, mining::Pairs{anchors, anchors + 35, anchors, (anchors + 1) % 70}, options);
    });
    check("hard pairs", labels,
          [&](const Tensor& y) { return F::sup_con_loss(x, y, mining::Hard{.positive = mining::Strategy::All}, options); });
    check("two miners", labels,
          [&](const Tensor& y) { return F::sup_con_loss(x, y, mining::either(mining::Labels{}, mining::Labels{}), options); });
    check("without false negatives", labels,
          [&](const Tensor& y) { return F::sup_con_loss(x, y, mining::ExcludeFalseNegatives{mining::Labels{}, 0.9}, options); });
  }
  SECTION("labels of inference mode cannot be written to") {
    const auto y = [&] {
      const c10::InferenceMode inference;
      return labels.clone();
    }();
    const auto x = as_leaves({random.normal({70, 6})})[0];
    CHECK_NOTHROW(F::sup_con_loss(x, y, idcl::SupConLossOptions().evaluator(kStreaming)).backward());
  }
  SECTION("fused, they are remembered") {
    const auto check = [&](const std::string& name, const auto& loss, at::ScalarType type) {
      const auto [value, x, expected] = with(loss, type);
      check_close(name, gradient(value, x), expected, {1e-6, 1e-9});
    };
    check("sup_con", [](const Tensor& x, const Tensor& y) { return F::sup_con_loss(x, y); }, at::kFloat);
    check("triplet_margin", [](const Tensor& x, const Tensor& y) { return F::triplet_margin_loss(x, y); }, at::kFloat);
    check("angular", [](const Tensor& x, const Tensor& y) { return F::angular_loss(x, y); }, at::kDouble);
    check(
        "angular, of two sets", [](const Tensor& x, const Tensor& y) { return F::angular_loss(x, y, x.detach().roll(1, 0), y); },
        at::kDouble);
  }
}

TEST_CASE("a rule may use the library while a loss is in the middle of a tile") {
  Random random(6);
  const auto z = random.normal({300, 16}, at::kFloat);
  const auto near = [](const Tensor& i, const Tensor& j) { return (i - j).abs() < 5; };
  const idcl::mining::Rule plain{near}, busy{[&](const Tensor& i, const Tensor& j) {
    idcl::mining::neighbors(z, {.k = 3});
    return near(i, j);
  }};
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto x = as_leaves({random.normal({300, 16}, type)})[0];
    const auto expected = F::sup_con_loss(x, plain), actual = F::sup_con_loss(x, busy);
    CHECK(actual.item<double>() == expected.item<double>());
    CHECK(gradient(actual, x).equal(gradient(expected, x)));
  }
}

TEST_CASE("a loss whose gradient nobody asks for gives none") {
  Random random(7);
  const auto labels = random.integers(4, {40});
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto x = as_leaves({random.normal({40, 6}, type)})[0];
    for (const auto& value : {F::sup_con_loss(x, labels, idcl::SupConLossOptions().reduction(torch::kSum)),
                              F::triplet_margin_loss(x, labels, idcl::TripletMarginLossOptions().reduction(torch::kNone)),
                              F::clip_loss(x, x.roll(1, 0), 10.0, idcl::ClipLossOptions().evaluator(kStreaming))}) {
      x.mutable_grad() = Tensor();
      (Blocked::apply(value).sum() + x.sum()).backward();
      CHECK(x.grad().equal(at::ones_like(x)));
    }
  }
}

TEST_CASE("a graph gives the same gradient again, also of similarities that were rounded when they were kept") {
  Random random(8);
  const auto labels = random.integers(4, {300});
  for (const auto kept : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const idcl::ContrastiveLoss loss{idcl::similarity::Cosine{}, idcl::mining::Labels{}, idcl::objective::InfoNCE{.temperature = 0.02},
                                     idcl::reduction::Mean{}, idcl::Evaluation{.kept = kept}};
    const auto x = as_leaves({random.normal({300, 32}, at::kFloat)})[0];
    const auto value = loss(x, labels);
    const auto first = gradient(value, x);
    check_close("second", gradient(value, x), first, {1e-6, 1e-9});
    check_close("third", gradient(value, x), first, {1e-6, 1e-9});
  }
}
