// Reductions as options of losses: what a row's terms are, whose labels weigh them, and derivatives.

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/arc_face.hpp"
#include "idcl/losses/contrastive.hpp"
#include "idcl/losses/info_nce.hpp"
#include "idcl/losses/n_pairs.hpp"
#include "idcl/losses/nca.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/proxy_anchor.hpp"
#include "idcl/losses/sup_con.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <algorithm>
#include <sstream>

namespace {

using namespace idcl;
using namespace idcl::test;
namespace F = idcl::functional;
using Catch::Contains;

constexpr int64_t kRows = 9, kClasses = 4;

struct Data {
  Random random{21};
  Tensor x = random.normal({kRows, 3}), weight = random.normal({kClasses, 3});
  Tensor labels = at::tensor({0, 1, 1, 0, 2, 0, 1, 3, 2}, at::kLong);  // the last but one alone in its class
  Tensor class_weights = at::tensor({0.5, 2.0, 0.0, 3.0}, at::kDouble);
};

/// A loss over labels with a reduction.
struct Subject {
  std::string name;
  std::function<Tensor(const Tensor& x, const Data&, const reduction_t&, const Setting&)> loss;
  std::function<int64_t(int64_t positives, int64_t negatives)> terms;  ///< of an anchor
};

template <class Options, class Function>
auto over_labels(Function function, Options options = {}) {
  return [=](const Tensor& x, const Data& data, const reduction_t& reduction, const Setting& setting) {
    return function(x, data.labels, with(Options(options).reduction(reduction), setting, at::kDouble));
  };
}

const std::vector<Subject>& subjects() {
  const auto one = [](int64_t, int64_t) { return 1; };
  const auto if_positive = [](int64_t positives, int64_t) { return positives > 0 ? 1 : 0; };
  static const std::vector<Subject> all{
      {"sup_con", over_labels(F::sup_con_loss, SupConLossOptions().temperature(0.5)), if_positive},
      {"nca", over_labels<NCALossOptions>(F::nca_loss), if_positive},
      {"nt_xent", over_labels(F::nt_xent_loss, NTXentLossOptions().temperature(0.5)), [](int64_t positives, int64_t) { return positives; }},
      {"triplet_margin", over_labels(F::triplet_margin_loss, TripletMarginLossOptions().margin(0.4)),
       [](int64_t positives, int64_t negatives) { return positives * negatives; }},
      {"arc_face",
       [](const Tensor& x, const Data& data, const reduction_t& reduction, const Setting& setting) {
         return F::arc_face_loss(x, data.labels, data.weight,
                                 with(ArcFaceLossOptions().scale(3).reduction(reduction), setting, at::kDouble));
       },
       one},
  };
  return all;
}

std::string name_of(const Subject& subject, const reduction_t& reduction, const Setting& setting) {
  std::ostringstream name;
  name << subject.name << ", " << idcl::detail::name_of(reduction) << ", " << setting;
  return name.str();
}

}  // namespace

TEST_CASE("per-anchor, threshold and class-weighted means are those of each anchor's terms") {
  const Data data;
  for (const auto& subject : subjects()) {
    for (const auto& setting : {dense(), streaming(3)}) {
      const auto rows = subject.loss(data.x, data, torch::kNone, setting);  // t_i
      double per_anchor = 0, weighted = 0, anchors = 0, terms = 0;
      std::vector<std::pair<double, double>> own;  // t_i and c_i of anchors with a term, by t_i / c_i
      for (int64_t i = 0; i < kRows; ++i) {
        const auto same = data.labels.eq(data.labels[i]).sum().item<int64_t>();
        const auto t = rows[i].item<double>();
        const auto c = static_cast<double>(subject.terms(same - 1, kRows - same));
        weighted += data.class_weights[data.labels[i].item<int64_t>()].item<double>() * t;
        terms += c;
        if (c == 0) continue;
        per_anchor += t / c, anchors += 1;
        own.emplace_back(t, c);
      }
      std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return a.first / a.second < b.first / b.second; });
      const auto check = [&](const reduction_t& reduction, double expected) {
        check_close(name_of(subject, reduction, setting), subject.loss(data.x, data, reduction, setting).item<double>(), expected,
                    {1e-12, 0});
      };
      check(kMeanPerAnchor, per_anchor / anchors);
      check(reduction::ClassWeighted{data.class_weights}, weighted / terms);
      // between the easiest anchor and the second hardest; not where terms at zero are left out one by one
      double within = 0, terms_within = 0;
      for (std::size_t i = 1; i + 2 < own.size(); ++i) within += own[i].first, terms_within += own[i].second;
      const auto term = [&](std::size_t i) { return own[i].first / own[i].second; };
      REQUIRE(term(0) < term(1));
      REQUIRE(term(own.size() - 3) < term(own.size() - 2));
      if (subject.name != "triplet_margin")
        check(reduction::Threshold{.low = (term(0) + term(1)) / 2, .high = (term(own.size() - 3) + term(own.size() - 2)) / 2},
              within / terms_within);
    }
  }
}

TEST_CASE("a threshold at zero is the mean over non-zero terms, also of losses with several terms a row") {
  const Data data;
  for (const auto& setting : {dense(), streaming(3)}) {
    for (const auto& subject : subjects())
      CHECK(subject.loss(data.x, data, reduction::Threshold{}, setting).equal(subject.loss(data.x, data, kMeanNonZero, setting)));
    const auto contrastive = over_labels(F::contrastive_loss, ContrastiveLossOptions().neg_margin(1.2));
    CHECK(contrastive(data.x, data, reduction::Threshold{}, setting).equal(contrastive(data.x, data, kMeanNonZero, setting)));
  }
}

TEST_CASE("gradients are those of differences in every reduction") {
  const Data data;
  for (const auto& subject : subjects())
    for (const auto& reduction : {reduction_t(kMeanPerAnchor), reduction_t(reduction::Threshold{.low = 0.3, .high = 2.5}),
                                  reduction_t(reduction::ClassWeighted{data.class_weights})})
      for (const auto& setting : {dense(), streaming(4)})
        gradcheck(name_of(subject, reduction, setting), [&](const Inputs& in) { return subject.loss(in[0], data, reduction, setting); },
                  {data.x});
}

TEST_CASE("pairs of a class weigh as their class, proxies as theirs") {
  const Data data;
  const auto weighted = reduction::ClassWeighted{data.class_weights};
  const auto pairs = F::n_pairs_loss(data.x, data.labels, NPairsLossOptions().reduction(torch::kNone));  // classes 0, 1 and 2
  check_close("n_pairs", F::n_pairs_loss(data.x, data.labels, NPairsLossOptions().reduction(weighted)),
              (pairs * data.class_weights.narrow(0, 0, 3)).sum() / 3, {1e-12, 0});
  const auto ones = reduction::ClassWeighted{at::ones({kClasses})};
  check_close("proxy_anchor", F::proxy_anchor_loss(data.x, data.labels, data.weight, ProxyAnchorLossOptions().reduction(ones)),
              F::proxy_anchor_loss(data.x, data.labels, data.weight), {1e-12, 0});
}

TEST_CASE("compositions take reductions too") {
  const Data data;
  const ContrastiveLoss loss{similarity::Cosine{}, mining::Labels{}, objective::SupCon{.temperature = 0.5},
                             reduction::ClassWeighted{data.class_weights}};
  check_close(
      "composed", loss(data.x, data.labels),
      F::sup_con_loss(data.x, data.labels, SupConLossOptions().temperature(0.5).reduction(reduction::ClassWeighted{data.class_weights})),
      {1e-12, 0});
  CHECK_THROWS_WITH(loss(data.x, mining::Pairs(data.labels, data.labels, data.labels, data.labels)),
                    Contains("idcl::reduction::ClassWeighted: expected labels to weight the anchors by, but got none"));
  CHECK_THROWS_WITH(F::info_nce_loss(data.x, data.x, InfoNCELossOptions().reduction(reduction::ClassWeighted{data.class_weights})),
                    Contains("idcl::reduction::ClassWeighted: expected labels to weight the anchors by"));
}

TEST_CASE("reductions print what they are") {
  const auto printed = [](const reduction_t& reduction) { return c10::str(SupConLoss(SupConLossOptions().reduction(reduction))); };
  CHECK(printed(kMeanPerAnchor) == "idcl::SupConLoss(temperature=0.1, form=out, reduction=mean per anchor)");
  CHECK_THAT(printed(reduction::Threshold{.low = 0.5}), Contains("reduction=mean within (0.5, inf))"));
  CHECK_THAT(printed(reduction::ClassWeighted{at::ones({2})}), Contains("reduction=mean weighted by class)"));
  CHECK_THAT(printed(kMeanNonZero), Contains("reduction=mean of non-zero)"));
  CHECK_THAT(printed(torch::kSum), Contains("reduction=sum)"));
}
