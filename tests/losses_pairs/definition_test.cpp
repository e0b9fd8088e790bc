// What single losses over pairs are: definitions, modules, messages.

#include "losses_pairs/inputs.hpp"

#include "idcl/losses/circle.hpp"
#include "idcl/losses/contrastive.hpp"
#include "idcl/losses/decoupled_contrastive.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/sig_lip.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "idcl/losses/tuplet_margin.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/objective/contrastive.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/oracle.hpp"

#include <torch/serialize.h>

#include <sstream>

namespace {

using namespace idcl::test;
namespace F = idcl::functional;
using Catch::Contains;

/// Every triplet of the labels, [T, 3].
Tensor listed_triplets(const Tensor& labels) {
  std::vector<int64_t> rows;
  const auto n = labels.size(0);
  const auto same = [&](int64_t i, int64_t j) { return labels[i].item<int64_t>() == labels[j].item<int64_t>(); };
  for (int64_t a = 0; a < n; ++a)
    for (int64_t p = 0; p < n; ++p)
      for (int64_t other = 0; other < n; ++other)
        if (a != p && same(a, p) && !same(a, other)) rows.insert(rows.end(), {a, p, other});
  return at::tensor(rows, at::kLong).view({-1, 3});
}

const Subject& subject_of(const std::string& name) {
  for (const auto& subject : subjects())
    if (subject.name == name) return subject;
  throw std::runtime_error("no subject " + name);
}

}  // namespace

TEST_CASE("all triplets without listing are the listed triplets") {
  Random random(5);
  const auto x = random.normal({11, 3}), y = random.integers(3, {11});
  const auto rows = listed_triplets(y);
  const auto& subject = subject_of("triplet_margin");
  for (const Json& options : {Json{{"margin", 0.4}}, Json{{"margin", -0.3}}, Json{{"smooth_loss", true}},
                              Json{{"distance", "cosine"}, {"margin", 0.2}}, Json{{"swap", true}}})
    for (const auto& reduction : {idcl::reduction_t(torch::kMean), idcl::reduction_t(torch::kSum), idcl::reduction_t(torch::kNone),
                                  idcl::reduction_t(idcl::kMeanNonZero)})
      for (const auto& setting : {dense(), streaming(4)}) {
        const Request request{options, setting, reduction};
        check_close(name_of(subject, setting, options.dump()), subject.loss({{"embeddings", x}, {"labels", y}}, request),
                    subject.loss({{"embeddings", x}, {"labels", y}, {"triplets", rows}}, request), {1e-11, 1e-12});
      }
}

TEST_CASE("triplet margins are those of the loops over their definition") {
  Random random(6);
  const auto x = random.normal({12, 3}), y = random.integers(4, {12});
  const auto s = oracle::similarities(x, x);
  double total = 0, active = 0, number = 0;
  const auto rows = listed_triplets(y);
  for (int64_t t = 0; t < rows.size(0); ++t) {
    const auto a = rows[t][0].item<int64_t>(), p = rows[t][1].item<int64_t>(), n = rows[t][2].item<int64_t>();
    const auto distance = [&](int64_t i, int64_t j) { return std::sqrt(static_cast<double>(2 - 2 * s[i][j])); };
    const auto term = std::max(0.0, distance(a, p) - distance(a, n) + 0.25);
    total += term, active += term > 0, ++number;
  }
  const auto options = idcl::TripletMarginLossOptions().margin(0.25);
  for (const auto& setting : {dense(), streaming(5)}) {
    const auto loss = [&](idcl::reduction_t reduction) {
      auto asked = with(options, setting, at::kDouble);
      return F::triplet_margin_loss(x, y, asked.reduction(reduction)).item<double>();
    };
    check_close("mean of violated", loss(idcl::kMeanNonZero), total / active, {1e-12, 0});
    check_close("mean", loss(torch::kMean), total / number, {1e-12, 0});
    check_close("sum", loss(torch::kSum), total, {1e-12, 0});
  }
}

TEST_CASE("a pair given twice is two terms where a loss sums over pairs") {
  Random random(7);
  const auto x = random.normal({6, 4}), y = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  const auto positions = [](std::initializer_list<int64_t> values) {
    return at::tensor(std::vector<int64_t>(values), at::kLong).view({-1, 2});
  };
  const Tensors once{{"embeddings", x}, {"labels", y}, {"pos_pairs", positions({0, 1, 2, 3})}, {"neg_pairs", positions({0, 2, 2, 5})}};
  auto twice = once;
  twice["pos_pairs"] = positions({0, 1, 2, 3, 0, 1});
  for (const std::string name :
       {"nt_xent", "contrastive", "signal_to_noise_ratio_contrastive", "tuplet_margin", "threshold_consistent_margin", "triplet_margin"}) {
    const auto& subject = subject_of(name);
    for (const auto& setting : {dense(), streaming(2)}) {
      const auto rows = [&](const Tensors& in) { return subject.loss(in, {subject.mild, setting, torch::kNone}); };
      const auto negatives_alone = [&] {
        auto in = once;
        in["pos_pairs"] = positions({2, 3});
        return rows(in)[0].item<double>();
      }();
      const auto a = rows(once), b = rows(twice);
      check_close(name, b[0].item<double>() - negatives_alone, 2 * (a[0].item<double>() - negatives_alone), {1e-10, 1e-12});
      check_close(name, b[2].item<double>(), a[2].item<double>(), {1e-12, 1e-14});
    }
  }
}

TEST_CASE("a single anchor has the loss of NCA's formula, by option zero") {
  Random random(8);
  const Tensors in{{"embeddings", random.normal({1, 4})},
                   {"labels", at::zeros({1}, at::kLong)},
                   {"ref_embeddings", random.normal({3, 4})},
                   {"ref_labels", at::tensor({0, 1, 0}, at::kLong)}};
  const auto s = oracle::similarities(in.at("embeddings"), in.at("ref_embeddings"));
  const auto near = [&](std::size_t j) { return std::exp(-(2 - 2 * s[0][j])); };
  const auto expected = static_cast<double>(-std::log((near(0) + near(2)) / (near(0) + near(1) + near(2))));
  for (const auto& setting : {dense(), streaming(2)}) {
    check_close("nca", subject_of("nca").loss(in, {{}, setting}).item<double>(), expected, {1e-12, 0});
    CHECK(subject_of("nca").loss(in, {{{"single_anchor_is_zero", true}}, setting}).item<double>() == 0);
  }
}

TEST_CASE("an epsilon bounds what a term of NT-Xent costs") {
  Random random(10);
  const Tensors in{{"embeddings", random.normal({8, 4})}, {"labels", random.integers(2, {8})}};
  for (const auto& setting : {dense(), streaming(3)}) {
    const auto bounded = subject_of("nt_xent").loss(in, {{{"temperature", 1e-3}, {"epsilon", 1e-4}}, setting, torch::kNone});
    const auto count = in.at("labels").unsqueeze(1).eq(in.at("labels")).sum(1) - 1;
    CHECK((bounded / count).max().item<double>() == Approx(-std::log(1e-4)));
  }
}

TEST_CASE("SigLip's scale and bias have the derivatives of their differences") {
  Random random(9);
  const Tensors in{{"image", random.normal({5, 3})},
                   {"logit_bias", at::scalar_tensor(-1.0, at::kDouble)},
                   {"logit_scale", at::scalar_tensor(2.0, at::kDouble)},
                   {"text", random.normal({5, 3})}};
  const Inputs directions{random.normal({5, 3}), at::scalar_tensor(0.7, at::kDouble), at::scalar_tensor(-0.4, at::kDouble),
                          random.normal({5, 3})};
  for (const auto& setting : {dense(), streaming(2)})
    for (const auto& reduction : {idcl::reduction_t(torch::kMean), idcl::reduction_t(torch::kNone)}) {
      const auto f = function_of(subject_of("sig_lip").loss, in, {{}, setting, reduction});
      gradcheck("sig_lip", f, floating(in));
      gradcheck("sig_lip, second derivative", slope_of(f, directions), floating(in));
    }
}

TEST_CASE("a scale and a bias that are fixed are worth what they are worth where they learn") {
  for (const auto type : {at::kFloat, at::kDouble})
    for (const double scale : {7.5, 1.0, 0.0, -2.0})
      for (const double bias : {-3.0, 0.0}) {
        CAPTURE(type, scale, bias);
        const auto outcome = [&](const auto& s, const auto& b) {
          const auto x = Random(8).normal({9, 5}, type).requires_grad_(), y = Random(9).normal({9, 5}, type).requires_grad_();
          const auto loss = F::sig_lip_loss(x, y, s, b);
          loss.backward();
          return std::vector<Tensor>{loss.detach(), x.grad(), y.grad()};
        };
        const auto s = at::scalar_tensor(scale, type), b = at::scalar_tensor(bias, type);
        const auto learns = outcome(s.clone().requires_grad_(), b.clone().requires_grad_());
        const auto tolerance = type == at::kFloat ? 2e-6 : 1e-12;
        for (const auto& fixed : {outcome(scale, bias), outcome(s, b), outcome(s.clone().requires_grad_(), bias)})
          for (std::size_t i = 0; i < learns.size(); ++i) check_close("sig_lip", fixed[i], learns[i], {tolerance, tolerance});
      }
}

TEST_CASE("modules of losses over pairs are their functionals") {
  const auto x = Random(2).normal({6, 4}, at::kFloat), y = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  idcl::NTXentLoss loss(idcl::NTXentLossOptions().temperature(0.2));
  CHECK(loss(x, y).item<double>() == F::nt_xent_loss(x, y, loss->options).item<double>());
  CHECK(loss(x, y, x, y).item<double>() == F::nt_xent_loss(x, y, x, y, loss->options).item<double>());
  std::ostringstream printed;
  printed << *loss;
  CHECK(printed.str() == "idcl::NTXentLoss(temperature=0.2, epsilon=0, reduction=mean)");
  CHECK(std::dynamic_pointer_cast<idcl::NTXentLossImpl>(loss->clone())->options.temperature() == 0.2);
  CHECK_THROWS_WITH(idcl::NTXentLoss(idcl::NTXentLossOptions().temperature(0)),
                    Contains("idcl::nt_xent_loss: expected `temperature` to be finite and > 0, but got 0"));
}

TEST_CASE("ContrastiveLoss is a module of options, and a composition of policies") {
  const auto x = Random(2).normal({6, 4}, at::kFloat), y = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  idcl::ContrastiveLoss plain;
  idcl::ContrastiveLoss wider(idcl::ContrastiveLossOptions().neg_margin(1.5));
  idcl::ContrastiveLoss<> later{nullptr};
  later = wider;
  CHECK(plain(x, y).item<double>() == F::contrastive_loss(x, y).item<double>());
  CHECK(later(x, y).item<double>() == F::contrastive_loss(x, y, wider->options).item<double>());
  const idcl::ContrastiveLoss composed{idcl::similarity::Cosine{}, idcl::mining::Labels{},
                                       idcl::objective::Contrastive{.pos_margin = 1, .neg_margin = 0, .distance = false}};
  const auto options = idcl::ContrastiveLossOptions().similarity(idcl::similarity::Cosine{}).pos_margin(1).neg_margin(0);
  CHECK(composed(x, y).item<double>() == Approx(F::contrastive_loss(x, y, options).item<double>()));
}

TEST_CASE("SigLip's module owns scale and bias") {
  const auto x = Random(2).normal({5, 4}, at::kFloat), y = Random(3).normal({5, 4}, at::kFloat);
  idcl::SigLipLoss loss;
  CHECK(loss->parameters().size() == 2);
  CHECK(loss(x, y).item<double>() == Approx(F::sig_lip_loss(x, y, 10.0, -10.0).item<double>()));
  CHECK(F::sig_lip_loss(x, y, 10.0, at::scalar_tensor(-10.0)).item<double>() ==
        Approx(F::sig_lip_loss(x, y, at::scalar_tensor(10.0), -10.0).item<double>()));
  loss(x, y).backward();
  CHECK(largest(loss->bias.grad()) > 0);
  {
    const at::NoGradGuard no_grad;
    loss->bias.fill_(-3);
  }
  std::stringstream archive;
  torch::save(loss, archive);
  idcl::SigLipLoss restored;
  torch::load(restored, archive);
  CHECK(restored->bias.item<double>() == -3);
  CHECK(idcl::SigLipLoss(idcl::SigLipLossOptions().learn_scale(false))->parameters().empty());
}

TEST_CASE("what makes no sense to losses over pairs is refused in one line") {
  const auto x = at::ones({3, 2}), y = at::tensor({0, 0, 1}, at::kLong), one = at::tensor({1}, at::kLong), far = at::tensor({3}, at::kLong);
  CHECK_THROWS_WITH(F::nt_xent_loss(x, x.select(1, 0)), Contains("idcl::nt_xent_loss: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(F::nt_xent_loss(x, y, idcl::NTXentLossOptions().epsilon(-1)),
                    Contains("idcl::nt_xent_loss: expected `epsilon` to be finite and >= 0, but got -1"));
  CHECK_THROWS_WITH(F::circle_loss(x, one), Contains("idcl::circle_loss: expected `labels` to be [3], one a row, but got [1]"));
  CHECK_THROWS_WITH(F::contrastive_loss(x, y, at::ones({3, 5}), y),
                    Contains("idcl::contrastive_loss: expected `ref_embeddings` to be [M, 2] as `embeddings` is, but got [3, 5]"));
  CHECK_THROWS_WITH(F::triplet_margin_loss(x, y, idcl::mining::Triplets(one, one, far)),
                    Contains("idcl::triplet_margin_loss: expected `negative` within [0, 3), but got 3"));
  CHECK_THROWS_WITH(F::tuplet_margin_loss(x, y, idcl::mining::Pairs(one, one, one, y)),
                    Contains("idcl::tuplet_margin_loss: expected `anchor_neg` to be [3]"));
  CHECK_THROWS_WITH(F::contrastive_loss(x, y, idcl::ContrastiveLossOptions().pos_margin(std::nan(""))),
                    Contains("idcl::contrastive_loss: expected `pos_margin` to be finite, but got nan"));
  CHECK_THROWS_WITH(F::tuplet_margin_loss(x, y, idcl::TupletMarginLossOptions().scale(-1)),
                    Contains("idcl::tuplet_margin_loss: expected `scale` to be finite and > 0, but got -1"));
  CHECK_THROWS_WITH(F::sig_lip_loss(x, x, at::ones({2}), 0.0),
                    Contains("idcl::sig_lip_loss: expected `logit_scale` to be one floating number, but got Float [2]"));
  CHECK_THROWS_WITH(F::sig_lip_loss(x, at::ones({2, 2}), 1.0, 0.0),
                    Contains("idcl::sig_lip_loss: expected `text` to have the 3 rows of `image`, but got [2, 2]"));
  CHECK_THROWS_WITH(F::decoupled_contrastive_loss(x, at::ones({3, 3})),
                    Contains("idcl::decoupled_contrastive_loss: expected `b` to be [M, 2] as `a` is, but got [3, 3]"));
  CHECK_THROWS_WITH(F::decoupled_contrastive_loss(x, x, idcl::DecoupledContrastiveLossOptions().sigma(0)),
                    Contains("expected `sigma` to be finite and > 0, but got 0"));
}
