// SelfSupervisedLoss and WeightedSum.

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/proxy_anchor.hpp"
#include "idcl/losses/sup_con.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "idcl/regularizer/rows.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/wrappers/self_supervised.hpp"
#include "idcl/wrappers/weighted_sum.hpp"
#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"

#include <torch/nn/modules/container/any.h>
#include <torch/serialize.h>

#include <sstream>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
namespace F = idcl::functional;

struct Data {
  Random random{51};
  Tensor a = random.normal({6, 4}), b = random.normal({6, 4}), c = random.normal({6, 4}), labels = random.integers(3, {6});
};

}  // namespace

TEST_CASE("views of an element belong together") {
  const Data d;
  const auto s = oracle::similarities(at::cat({d.a, d.b, d.c}), at::cat({d.a, d.b, d.c}));
  const auto roles = oracle::roles(s, [](int64_t i, int64_t j) {
    return i == j ? oracle::Role::Ignored : i % 6 == j % 6 ? oracle::Role::Positive : oracle::Role::Negative;
  });
  check_close("three views", SelfSupervisedLoss{SupConLoss()}(d.a, d.b, d.c).item<double>(), oracle::mean(oracle::outside(s, roles, 0.1L)),
              {1e-12, 0});
  check_close("as a list", SelfSupervisedLoss{F::sup_con_loss}(std::vector<Tensor>{d.a, d.b, d.c}),
              SelfSupervisedLoss{SupConLoss()}(d.a, d.b, d.c), {0, 0});
  const auto towers = oracle::similarities(d.a, at::cat({d.b, d.c}));
  const auto anchors =
      oracle::roles(towers, [](int64_t i, int64_t j) { return i == j % 6 ? oracle::Role::Positive : oracle::Role::Negative; });
  check_close("anchors of the first view", SelfSupervisedLoss{.loss = SupConLoss(), .symmetric = false}(d.a, d.b, d.c).item<double>(),
              oracle::mean(oracle::outside(towers, anchors, 0.1L)), {1e-12, 0});
  const ContrastiveLoss composed{similarity::Cosine{}, mining::Labels{}, objective::SupCon{}};
  check_close("a composition", SelfSupervisedLoss{composed}(d.a, d.b), SelfSupervisedLoss{SupConLoss()}(d.a, d.b), {1e-12, 0});
  const auto element = at::arange(6);
  check_close("SimCLR", SelfSupervisedLoss{NTXentLoss()}(d.a, d.b), F::nt_xent_loss(at::cat({d.a, d.b}), at::cat({element, element})),
              {0, 0});
}

TEST_CASE("views that make no sense are refused") {
  const Data d;
  const SelfSupervisedLoss loss{SupConLoss()};
  CHECK_THROWS_WITH(loss(d.a), Contains("idcl::SelfSupervisedLoss: expected two views or more, but got 1"));
  CHECK_THROWS_WITH(loss(d.a, d.b.narrow(0, 0, 5)), Contains("expected views of one shape, but got [6, 4] and [5, 4]"));
  CHECK_THROWS_WITH(loss(d.a, Tensor()),
                    Contains("idcl::SelfSupervisedLoss: expected `views` to be a tensor [N, D], but got an undefined tensor"));
}

TEST_CASE("a weighted sum adds its terms, each called with what it takes") {
  const Data d;
  ProxyAnchorLoss proxies(ProxyAnchorLossOptions().num_classes(3).embedding_size(4));
  proxies->to(at::kDouble);
  WeightedSum loss;
  loss->add("sup_con", 1, SupConLoss())
      .add("proxies", 0.5, proxies)
      .add("triplets", 2, F::triplet_margin_loss)
      .add("norm", 0.01, regularizer::Lp{});
  const auto own = proxies(d.a, d.labels) * 0.5 + regularizer::Lp{}(d.a) * 0.01;
  check_close("labels", loss(d.a, d.labels), F::sup_con_loss(d.a, d.labels) + 2 * F::triplet_margin_loss(d.a, d.labels) + own, {1e-12, 0});
  check_close("references", loss(d.a, d.labels, d.b, d.labels),
              F::sup_con_loss(d.a, d.labels, d.b, d.labels) + 2 * F::triplet_margin_loss(d.a, d.labels, d.b, d.labels) + own, {1e-12, 0});
  const auto parts = loss->parts(d.a, d.labels);
  REQUIRE(parts.size() == 4);
  CHECK(parts[3].first == "norm");
  check_close("a part", parts[1].second, proxies(d.a, d.labels) * 0.5, {1e-12, 0});
}

TEST_CASE("modules of a sum are its own: trained, saved, cloned, printed") {
  const Data d;
  const auto make = [](ProxyAnchorLoss& proxies) {
    proxies->to(at::kDouble);
    WeightedSum loss;
    loss->add("proxies", 1, proxies).add("sup_con", 0.5, SupConLoss());
    return loss;
  };
  ProxyAnchorLoss proxies(ProxyAnchorLossOptions().num_classes(3).embedding_size(4)),
      others(ProxyAnchorLossOptions().num_classes(3).embedding_size(4));
  auto loss = make(proxies), restored = make(others);
  REQUIRE(loss->parameters().size() == 1);
  CHECK(loss->parameters()[0].is_same(proxies->weight));
  CHECK(c10::str(loss) == "idcl::WeightedSum(proxies=1, sup_con=0.5)(\n  (proxies): " + c10::str(proxies) +
                              "\n  (sup_con): " + c10::str(SupConLoss()) + "\n)");
  std::stringstream file;
  torch::save(loss, file);
  torch::load(restored, file);
  CHECK(restored(d.a, d.labels).equal(loss(d.a, d.labels)));
  const auto before = loss(d.a, d.labels);
  const auto copy = std::dynamic_pointer_cast<WeightedSumImpl>(loss->clone());
  {
    const at::NoGradGuard no_grad;
    proxies->weight.mul_(-1);
  }
  CHECK(copy->forward(d.a, d.labels).equal(before));
  CHECK_FALSE(loss(d.a, d.labels).equal(before));
  torch::nn::AnyModule any(loss);
  CHECK(any.forward(d.a, d.labels).equal(loss(d.a, d.labels)));
}

TEST_CASE("a sum says what makes no sense") {
  const Data d;
  WeightedSum loss;
  CHECK_THROWS_WITH(loss(d.a, d.labels), Contains("idcl::WeightedSum: expected terms, but none was added"));
  CHECK_THROWS_WITH(loss->add("x", NAN, SupConLoss()), Contains("idcl::WeightedSum: expected `weight` to be finite, but got nan"));
  loss->add("rows", 1, SupConLoss(SupConLossOptions().reduction(torch::kNone)));
  CHECK_THROWS_WITH(loss(d.a, d.labels), Contains("idcl::WeightedSum: expected `rows` to return a scalar, but got [6]"));
}
