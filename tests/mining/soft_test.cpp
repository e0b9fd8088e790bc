// Positives that no label tells: matrices, weights, label sets, rules, false negatives. Against loops over the definitions.

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/circle.hpp"
#include "idcl/losses/multi_similarity.hpp"
#include "idcl/losses/nca.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/sup_con.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/mining/exclude_false_negatives.hpp"
#include "idcl/mining/label_sets.hpp"
#include "idcl/mining/pair_matrix.hpp"
#include "idcl/mining/rule.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/objective/class_logits.hpp"
#include "idcl/objective/contrastive.hpp"
#include "idcl/objective/decoupled_contrastive.hpp"
#include "idcl/objective/generalized_lifted_structure.hpp"
#include "idcl/objective/intra_pair_variance.hpp"
#include "idcl/objective/sigmoid.hpp"
#include "idcl/objective/threshold_consistent_margin.hpp"
#include "idcl/objective/triplet_margin.hpp"
#include "idcl/objective/tuplet_margin.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "support/gradcheck.hpp"
#include "support/memory.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <cmath>
#include <functional>
#include <sstream>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using oracle::Matrix;
using oracle::Real;
using similarity::Cosine;
namespace F = idcl::functional;

constexpr int64_t kRows = 9, kOthers = 7;

struct Data {
  Random random{31};
  Tensor x = random.normal({kRows, 4}), y = random.normal({kOthers, 4});
  Tensor sets = random.integers(2, {kRows, 5}), y_sets = random.integers(2, {kOthers, 5});  // multi-hot
  /// A third of all pairs, of weights from 0.1 to 3.
  Tensor weights(int64_t n, int64_t m) {
    const auto some = random.integers(3, {n, m}).eq(0);
    return random.normal({n, m}).abs().clamp(0.1, 3).masked_fill(some.logical_not(), 0);
  }
};

const std::vector<Setting> settings{dense(), streaming(1), streaming(4), streaming()};

std::string name_of(const std::string& what, const Setting& setting) {
  std::ostringstream name;
  name << what << ", " << setting;
  return name.str();
}

/// A row of similarities, and the weight of each pair: 0 for a negative, NaN for a pair that is ignored.
struct Row {
  std::vector<Real> s, w;

  template <class Term>
  Real positives(const Term& term) const {
    Real sum = 0;
    for (std::size_t j = 0; j < s.size(); ++j)
      if (w[j] > 0) sum += term(s[j], w[j]);
    return sum;
  }
  template <class Term>
  Real negatives(const Term& term) const {
    Real sum = 0;
    for (std::size_t j = 0; j < s.size(); ++j)
      if (w[j] == 0) sum += term(s[j]);
    return sum;
  }
  Real weight() const {
    return positives([](Real, Real w) { return w; });
  }
};

struct Terms {
  Real loss = 0, number = 0;
};

using Definition = std::function<Terms(const Row&)>;

/// mean = sum of losses / sum of numbers
double mean(const Matrix& s, const Tensor& weights, bool self, const Definition& definition) {
  Terms total;
  for (std::size_t i = 0; i < s.size(); ++i) {
    Row row{s[i], {}};
    for (std::size_t j = 0; j < s[i].size(); ++j)
      row.w.push_back(self && i == j ? std::nanl("") : weights[static_cast<int64_t>(i)][static_cast<int64_t>(j)].item<double>());
    const auto terms = definition(row);
    total.loss += terms.loss, total.number += terms.number;
  }
  return static_cast<double>(total.loss / std::max<Real>(total.number, 1e-30L));
}

constexpr Real kTemperature = 0.4L;
Real e(Real s) { return std::exp(s / kTemperature); }
Real all(const Row& row) {
  return row.positives([](Real s, Real) { return e(s); }) + row.negatives(e);
}

Terms sup_con(const Row& row) {
  const auto w = row.weight();
  return w > 0 ? Terms{std::log(all(row)) - row.positives([](Real s, Real w) { return w * s / kTemperature; }) / w, 1} : Terms{};
}
Terms info_nce(const Row& row) {
  return row.weight() > 0 ? Terms{std::log(all(row)) - std::log(row.positives([](Real s, Real w) { return w * e(s); })), 1} : Terms{};
}
Terms nt_xent(const Row& row) {
  const auto n = row.negatives(e);
  return {row.positives([&](Real s, Real w) { return w * std::log1p(n / e(s)); }), row.weight()};
}
Terms decoupled(const Row& row) {
  const auto w = row.weight(), n = row.negatives(e);
  return w > 0 && n > 0 ? Terms{std::log(n) - row.positives([](Real s, Real w) { return w * s / kTemperature; }) / w, 1} : Terms{};
}
Terms multi_similarity(const Row& row) {  // alpha 2, beta 5, base 0.5
  return {std::log1p(row.positives([](Real s, Real w) { return w * std::exp(-2 * (s - 0.5L)); })) / 2 +
              std::log1p(row.negatives([](Real s) { return std::exp(5 * (s - 0.5L)); })) / 5,
          1};
}
Terms sigmoid(const Row& row) {
  return {row.positives([](Real s, Real w) { return w * std::log1p(std::exp(-s)); }) +
              row.negatives([](Real s) { return std::log1p(std::exp(s)); }),
          1};
}

using Subject = std::function<Tensor(const Tensor& x, const std::optional<Tensor>& y, const Tensor& weights, const Setting&)>;

template <class O, class S = Cosine>
Subject subject_of(const O& objective, const S& similarity = {}) {
  return [=](const Tensor& x, const std::optional<Tensor>& y, const Tensor& weights, const Setting& setting) {
    const ContrastiveLoss loss{similarity, mining::PairMatrix{weights}, objective, reduction::Mean{}, setting.evaluation(at::kDouble)};
    return y ? loss(x, *y) : loss(x);
  };
}

}  // namespace

TEST_CASE("weights of positives are those of the definitions, value and gradient") {
  Data d;
  const auto self = d.weights(kRows, kRows), cross = d.weights(kRows, kOthers);
  const auto xx = oracle::similarities(d.x, d.x), xy = oracle::similarities(d.x, d.y);
  const double t = static_cast<double>(kTemperature);
  const std::vector<std::tuple<std::string, Subject, Definition>> subjects{
      {"sup_con", subject_of(objective::SupCon{.temperature = t}), sup_con},
      {"info_nce", subject_of(objective::InfoNCE{.temperature = t}), info_nce},
      {"nt_xent", subject_of(objective::NTXent{.temperature = t}), nt_xent},
      {"decoupled_contrastive", subject_of(objective::DecoupledContrastive{.temperature = t}), decoupled},
      {"multi_similarity", subject_of(objective::MultiSimilarity{.beta = 5}), multi_similarity},
      {"sigmoid", subject_of(objective::Sigmoid{}), sigmoid},
  };
  for (const auto& [name, loss, definition] : subjects) {
    for (const auto& setting : settings) {
      check_close(name_of(name, setting), loss(d.x, {}, self, setting).item<double>(), mean(xx, self, true, definition), {1e-12, 0});
      check_close(name_of(name + " of two sets", setting), loss(d.x, d.y, cross, setting).item<double>(),
                  mean(xy, cross, false, definition), {1e-12, 0});
    }
    for (const auto& setting : {dense(), streaming(4)}) {
      gradcheck(name_of(name, setting), [&](const Inputs& in) { return loss(in[0], {}, self, setting); }, {d.x});
      gradcheck(name_of(name + " of two sets", setting), [&](const Inputs& in) { return loss(in[0], in[1], cross, setting); }, {d.x, d.y});
    }
  }
}

TEST_CASE("second derivatives with weights are those of the slope's differences") {
  Data d;
  const auto weights = d.weights(kRows, kRows);
  const auto direction = d.random.normal(d.x.sizes());
  for (const auto& [name, loss] :
       std::vector<std::pair<std::string, Subject>>{{"sup_con", subject_of(objective::SupCon{.temperature = 0.4})},
                                                    {"info_nce", subject_of(objective::InfoNCE{.temperature = 0.4})},
                                                    {"nt_xent", subject_of(objective::NTXent{.temperature = 0.4})}})
    for (const auto& setting : {dense(), streaming(4)})
      gradcheck(name_of(name, setting), slope_of([&](const Inputs& in) { return loss(in[0], {}, weights, setting); }, {direction}), {d.x});
}

TEST_CASE("a positive of weight two is a pair given twice, where pairs are terms") {
  Data d;
  const auto twice = d.weights(kRows, kRows).fill_diagonal_(0).sign() * 2;
  std::vector<int64_t> positives[2], negatives[2];
  for (int64_t i = 0; i < kRows; ++i)
    for (int64_t j = 0; j < kRows; ++j) {
      if (i == j) continue;
      auto& to = twice[i][j].item<double>() > 0 ? positives : negatives;
      for (int times = 0; times < (&to == &positives ? 2 : 1); ++times) to[0].push_back(i), to[1].push_back(j);
    }
  const auto list = [](const std::vector<int64_t>& x) { return at::tensor(x, at::kLong); };
  const mining::Pairs pairs(list(positives[0]), list(positives[1]), list(negatives[0]), list(negatives[1]));
  const auto check = [&](const std::string& name, const auto& objective, const auto& similarity) {
    for (const auto& setting : {dense(), streaming(4)}) {
      const auto evaluation = setting.evaluation(at::kDouble);
      const ContrastiveLoss soft{similarity, mining::PairMatrix{twice}, objective, reduction::Mean{}, evaluation};
      const ContrastiveLoss given{similarity, mining::Labels{}, objective, reduction::Mean{}, evaluation};
      check_close(name_of(name, setting), soft(d.x), given(d.x, pairs), {1e-12, 0});
      check_gradients(name_of(name, setting), gradient([&](const Inputs& in) { return soft(in[0]); }, as_leaves({d.x})),
                      gradient([&](const Inputs& in) { return given(in[0], pairs); }, as_leaves({d.x})), {1e-11, 1e-13});
    }
  };
  check("nt_xent", objective::NTXent{}, Cosine{});
  check("tuplet_margin", objective::TupletMargin{}, Cosine{});
  check("contrastive", objective::Contrastive{.neg_margin = 1.3}, similarity::Euclidean{});
  check("intra_pair_variance", objective::IntraPairVariance{}, Cosine{});
  check("threshold_consistent_margin", objective::ThresholdConsistentMargin{.margin_minus = -0.5}, Cosine{});
  check("triplet_margin", objective::TripletMargin{.max_positives = kRows}, similarity::Euclidean{});
}

TEST_CASE("weights of one, a matrix of bools and labels say the same, of every objective") {
  Data d;
  const auto labels = d.random.integers(3, {kRows});
  const auto same = labels.unsqueeze(1).eq(labels);
  const auto check = [&](const std::string& name, const auto& objective) {
    for (const auto& setting : {dense(), streaming(4)}) {
      const auto evaluation = setting.evaluation(at::kDouble);
      const auto expected = ContrastiveLoss{Cosine{}, mining::Labels{}, objective, reduction::None{}, evaluation}(d.x, labels);
      for (const auto& matrix : {same, same.to(at::kDouble), same.to(at::kLong)})
        check_close(name_of(name, setting),
                    ContrastiveLoss{Cosine{}, mining::PairMatrix{matrix}, objective, reduction::None{}, evaluation}(d.x), expected,
                    {1e-12, 1e-14});
    }
  };
  check("sup_con", objective::SupCon{});
  check("info_nce", objective::InfoNCE{});
  check("info_nce, epsilon", objective::InfoNCE{.epsilon = 1e-3});
  check("nt_xent", objective::NTXent{});
  check("circle", objective::Circle{});
  check("multi_similarity", objective::MultiSimilarity{});
  check("generalized_lifted_structure", objective::GeneralizedLiftedStructure{.distance = false});
  check("triplet_margin", objective::TripletMargin{.distance = false, .max_positives = kRows});
  check("decoupled_contrastive", objective::DecoupledContrastive{});
}

TEST_CASE("label sets weigh by their Jaccard index") {
  Data d;
  d.sets[3].zero_();  // a set like no other, not even itself
  const auto jaccard = [](const Tensor& a, const Tensor& b) {
    auto result = at::zeros({a.size(0), b.size(0)}, at::kDouble);
    for (int64_t i = 0; i < a.size(0); ++i)
      for (int64_t j = 0; j < b.size(0); ++j) {
        const auto both = (a[i] * b[j]).sum().item<double>(), either = (a[i] + b[j]).clamp_max(1).sum().item<double>();
        result[i][j] = either > 0 ? both / either : 0;
      }
    return result;
  };
  const auto check = [&](const std::string& name, const mining::LabelSets& miner, const Tensor& related, const std::optional<Tensor>& y) {
    for (const auto& setting : settings) {
      const auto evaluation = setting.evaluation(at::kDouble);
      const ContrastiveLoss sets{Cosine{}, miner, objective::SupCon{}, reduction::None{}, evaluation};
      const ContrastiveLoss matrix{Cosine{}, mining::PairMatrix{related}, objective::SupCon{}, reduction::None{}, evaluation};
      check_close(name_of(name, setting), y ? sets(d.x, *y) : sets(d.x), y ? matrix(d.x, *y) : matrix(d.x), {1e-12, 0});
    }
  };
  const auto own = jaccard(d.sets, d.sets), other = jaccard(d.sets, d.y_sets);
  CHECK((own > 0).logical_and(own < 1).any().item<bool>());
  check("weighted", {.sets = d.sets}, own, {});
  check("bools as sets", {.sets = d.sets.to(at::kBool)}, own, {});
  check("two sets", {.sets = d.sets, .reference_sets = d.y_sets}, other, d.y);
  check("above a threshold", {.sets = d.sets, .threshold = 0.4}, own.masked_fill(own <= 0.4, 0), {});
  check("as any other", {.sets = d.sets, .threshold = 0.4, .weight = mining::SetWeight::One}, own > 0.4, {});
}

TEST_CASE("a rule of positions is the matrix it would fill") {
  Data d;
  const auto weights = d.weights(kRows, kRows);
  const auto time = d.random.integers(20, {kRows});
  for (const auto& setting : settings) {
    const auto evaluation = setting.evaluation(at::kDouble);
    const auto check = [&](const std::string& name, const mining::Rule& rule, const Tensor& related) {
      const ContrastiveLoss ruled{Cosine{}, rule, objective::InfoNCE{}, reduction::None{}, evaluation};
      const ContrastiveLoss matrix{Cosine{}, mining::PairMatrix{related}, objective::InfoNCE{}, reduction::None{}, evaluation};
      check_close(name_of(name, setting), ruled(d.x), matrix(d.x), {1e-12, 0});
    };
    check("bools", {[&](const Tensor& i, const Tensor& j) { return (time.take(i) - time.take(j)).abs() < 5; }},
          (time.unsqueeze(1) - time).abs() < 5);
    check("weights", {[&](const Tensor& i, const Tensor& j) { return weights.index({i, j}); }}, weights);
    check("of the reference alone", {[&](const Tensor&, const Tensor& j) { return j < 2; }},
          at::arange(kRows).lt(2).expand({kRows, kRows}));
  }
}

TEST_CASE("a rule needs no memory of N x M") {
  Random random(5);
  const auto peak = [&](int64_t n) {
    const auto x = random.normal({n, 8}, at::kFloat).requires_grad_();
    const ContrastiveLoss loss{Cosine{},
                               mining::Rule{[](const Tensor& i, const Tensor& j) { return (i - j).abs() < 4; }},
                               objective::SupCon{},
                               reduction::Mean{},
                               {.evaluator = Evaluator::Streaming, .workspace_bytes = 1 << 20}};
    const Memory memory;
    loss(x).backward();
    return memory.peak();
  };
  peak(512);
  const auto small = peak(1024), large = peak(4096);
  CHECK(large < 4 * small);  // sixteen times as many pairs
  CHECK(large < int64_t{4096} * 4096 * 4 / 4);
}

TEST_CASE("negatives above a threshold are ignored, positives are not") {
  Data d;
  const auto labels = d.random.integers(3, {kRows});
  const auto check = [&](const std::string& name, const Matrix& s, const oracle::Roles& given, double threshold, bool distance,
                         const auto& loss) {
    auto roles = given;
    int64_t ignored = 0;
    for (std::size_t i = 0; i < s.size(); ++i)
      for (std::size_t j = 0; j < s[i].size(); ++j)
        if (roles[i][j] == oracle::Role::Negative && (distance ? s[i][j] < threshold : s[i][j] > threshold))
          roles[i][j] = oracle::Role::Ignored, ++ignored;
    CHECK(ignored > 0);
    for (const auto& setting : settings)
      check_close(name_of(name, setting), loss(setting.evaluation(at::kDouble)),
                  oracle::mean(oracle::inside(s, roles, distance ? -0.3L : 0.3L)), {1e-12, 0});
  };
  const auto xx = oracle::similarities(d.x, d.x);
  const objective::InfoNCE objective{.temperature = 0.3};
  check("labels", xx, oracle::same_label_positive(xx, labels, labels, true), 0.2, false, [&](const Evaluation& e) {
    return ContrastiveLoss{Cosine{}, mining::ExcludeFalseNegatives{mining::Labels{}, 0.2}, objective, reduction::Mean{}, e}(d.x, labels)
        .template item<double>();
  });
  check("nearest", xx, oracle::nearest_positive(xx, 2, false), 0.1, false, [&](const Evaluation& e) {
    return ContrastiveLoss{Cosine{}, mining::ExcludeFalseNegatives{mining::TopK{.k = 2}, 0.1}, objective, reduction::Mean{}, e}(d.x)
        .template item<double>();
  });
  const auto z = d.random.normal({kRows, 4});
  const auto xz = oracle::similarities(d.x, z);
  check("towers", xz, oracle::diagonal_positive(xz), 0.2, false, [&](const Evaluation& e) {
    return ContrastiveLoss{Cosine{}, mining::ExcludeFalseNegatives{.miner = mining::Diagonal{}, .threshold = 0.2}, objective,
                           reduction::Mean{}, e}(d.x, z)
        .template item<double>();
  });
  auto distances = oracle::similarities(d.x, d.x, /*cosine=*/false);  // of rows as they are
  const auto inner = distances;
  for (std::size_t i = 0; i < inner.size(); ++i)
    for (std::size_t j = 0; j < inner.size(); ++j)
      distances[i][j] = std::sqrt(std::max(inner[i][i] + inner[j][j] - 2 * inner[i][j], Real{0}));
  check("a distance", distances, oracle::same_label_positive(distances, labels, labels, true), 2.0, true, [&](const Evaluation& e) {
    return ContrastiveLoss{similarity::Euclidean{.normalize = false},
                           mining::ExcludeFalseNegatives{.miner = mining::Labels{}, .threshold = 2, .distance = true},
                           objective::InfoNCE{.temperature = -0.3}, reduction::Mean{}, e}(d.x, labels)
        .template item<double>();
  });
  // gradients: what is ignored is a constant
  for (const auto& setting : {dense(), streaming(4)})
    gradcheck(name_of("labels", setting),
              [&](const Inputs& in) {
                return ContrastiveLoss{Cosine{}, mining::ExcludeFalseNegatives{mining::Labels{}, 0.2}, objective, reduction::Mean{},
                                       setting.evaluation(at::kDouble)}(in[0], labels);
              },
              {d.x});
}

TEST_CASE("named losses take a miner in the labels' place, or beside labels") {
  Data d;
  const auto labels = d.random.integers(3, {kRows}), y_labels = d.random.integers(3, {kOthers});
  const auto weights = d.weights(kRows, kRows), cross = d.weights(kRows, kOthers);
  for (const auto& setting : {dense(), streaming(4)}) {
    const auto evaluation = setting.evaluation(at::kDouble);
    const auto options = with(SupConLossOptions().temperature(0.4), setting, at::kDouble);
    check_close("sup_con", F::sup_con_loss(d.x, mining::PairMatrix{weights}, options).item<double>(),
                mean(oracle::similarities(d.x, d.x), weights, true, sup_con), {1e-12, 0});
    check_close("sup_con of two sets", F::sup_con_loss(d.x, mining::PairMatrix{cross}, d.y, options).item<double>(),
                mean(oracle::similarities(d.x, d.y), cross, false, sup_con), {1e-12, 0});
    check_close("sup_con, in", F::sup_con_loss(d.x, mining::PairMatrix{weights}, SupConLossOptions(options).form("in")).item<double>(),
                mean(oracle::similarities(d.x, d.x), weights, true, info_nce), {1e-12, 0});
    check_close(
        "nt_xent",
        F::nt_xent_loss(d.x, mining::PairMatrix{weights}, with(NTXentLossOptions().temperature(0.4), setting, at::kDouble)).item<double>(),
        mean(oracle::similarities(d.x, d.x), weights, true, nt_xent), {1e-12, 0});
    const mining::ExcludeFalseNegatives miner{mining::Labels{}, 0.2};
    const ContrastiveLoss composed{Cosine{}, miner, objective::SupCon{.temperature = 0.4}, reduction::Mean{}, evaluation};
    check_close("labels and a miner", F::sup_con_loss(d.x, labels, miner, options), composed(d.x, labels), {1e-12, 0});
    check_close("labels, references and a miner", F::sup_con_loss(d.x, labels, d.y, y_labels, miner, options),
                composed(d.x, labels, d.y, y_labels), {1e-12, 0});
    const ContrastiveLoss nearest{Cosine{}, mining::TopK{.k = 2}, objective::SupCon{.temperature = 0.4}, reduction::Mean{}, evaluation};
    check_close("a miner that ranks", F::sup_con_loss(d.x, mining::TopK{.k = 2}, options), nearest(d.x), {1e-12, 0});
    const auto weighted = reduction::ClassWeighted{at::tensor({1.0, 2.0, 3.0}, at::kDouble)};
    CHECK(F::sup_con_loss(d.x, labels, miner, SupConLossOptions(options).reduction(weighted)).item<double>() !=
          composed(d.x, labels).item<double>());
  }
  check_close("defaults", F::sup_con_loss(d.x, mining::LabelSets{.sets = d.sets}),
              ContrastiveLoss{Cosine{}, mining::LabelSets{.sets = d.sets}, objective::SupCon{}}(d.x), {1e-12, 0});
}

TEST_CASE("without positives, or of one row or none, there is a zero attached to the graph") {
  Data d;
  for (const int64_t n : {0, 1, 5})
    for (const auto& setting : {dense(), streaming(2)}) {
      auto x = d.x.narrow(0, 0, n).clone().requires_grad_();
      const auto evaluation = setting.evaluation(at::kDouble);
      const auto check = [&](const auto& miner) {
        const auto loss = ContrastiveLoss{Cosine{}, miner, objective::InfoNCE{}, reduction::Mean{}, evaluation}(x);
        CHECK(loss.template item<double>() == 0);
        loss.backward();
        CHECK(x.grad().eq(0).all().template item<bool>());
      };
      check(mining::PairMatrix{at::zeros({n, n}, at::kDouble)});
      check(mining::LabelSets{.sets = at::zeros({n, 3}, at::kLong)});
      check(mining::Rule{[](const Tensor& i, const Tensor& j) { return i.lt(0).logical_and(j.lt(0)); }});
    }
}

TEST_CASE("objectives that know no weights refuse them") {
  Data d;
  const auto weights = d.weights(kRows, kRows);
  for (const auto& setting : {dense(), streaming(4)}) {
    const objective::ClassLogits<pool::Maximum> objective{};
    const auto evaluation = setting.evaluation(at::kDouble);
    CHECK_THROWS_WITH((ContrastiveLoss{Cosine{}, mining::PairMatrix{weights}, objective, reduction::Mean{}, evaluation}(d.x)),
                      Contains("idcl: expected positives without weights, but got some with, which this objective does not honour"));
    CHECK_NOTHROW((ContrastiveLoss{Cosine{}, mining::PairMatrix{weights > 0}, objective, reduction::Mean{}, evaluation}(d.x)));
  }
}

TEST_CASE("miners of soft positives refuse what makes no sense") {
  Data d;
  const auto refused = [&](const auto& miner, const std::string& why) {
    CHECK_THROWS_WITH((ContrastiveLoss{Cosine{}, miner, objective::SupCon{}}(d.x)), Contains(why));
  };
  refused(mining::PairMatrix{},
          "idcl::mining::PairMatrix: expected `related` to be [9, 9], anchors by references, but got an undefined tensor");
  refused(mining::PairMatrix{at::zeros({9, 7})},
          "idcl::mining::PairMatrix: expected `related` to be [9, 9], anchors by references, but got [9, 7]");
  refused(mining::PairMatrix{at::empty({9, 9}, at::kMeta)}, "expected `related` on cpu as the rows are, but got meta");
  refused(mining::PairMatrix{at::full({9, 9}, -1.0)}, "expected weights to be finite and >= 0, but got numbers from -1 to -1");
  refused(mining::PairMatrix{at::full({9, 9}, INFINITY)}, "expected weights to be finite and >= 0, but got numbers from inf to inf");
  refused(mining::LabelSets{}, "idcl::mining::LabelSets: expected `sets` to be [9, C], one set a row, but got an undefined tensor");
  refused(mining::LabelSets{.sets = d.y_sets}, "expected `sets` to be [9, C], one set a row, but got [7, 5]");
  refused(mining::LabelSets{.sets = d.sets * 2}, "expected `sets` to be of zeros and ones, but got other numbers");
  refused(mining::LabelSets{.sets = d.sets, .threshold = 1}, "expected `threshold` within [0, 1), but got 1");
  refused(mining::LabelSets{.sets = d.sets, .reference_sets = d.y_sets},
          "expected `reference_sets` for two sets of rows and none for one, but got some for one");
  CHECK_THROWS_WITH((ContrastiveLoss{Cosine{}, mining::LabelSets{.sets = d.sets}, objective::SupCon{}}(d.x, d.y)),
                    Contains("but got none for two"));
  CHECK_THROWS_WITH((ContrastiveLoss{Cosine{}, mining::LabelSets{.sets = d.sets, .reference_sets = d.y_sets.narrow(1, 0, 4)},
                                     objective::SupCon{}}(d.x, d.y)),
                    Contains("expected `reference_sets` of the 5 labels of `sets`, but got 4"));
  refused(mining::Rule{}, "idcl::mining::Rule: expected `related` to be a function (i, j) -> bools or weights, but got none");
  refused(mining::Rule{[](const Tensor&, const Tensor& j) { return j.lt(2).narrow(1, 0, 1).expand({3, 1}); }},
          "idcl::mining::Rule: expected a result that broadcasts to [9, 9], anchors by references, but got [3, 1]");
  refused(mining::Rule{[](const Tensor& i, const Tensor& j) { return i.size(0) == 1 ? i.lt(j) : i.add(j).to(at::kFloat); }},
          "idcl::mining::Rule: expected bools as in the first call, but got Float");
  refused(mining::ExcludeFalseNegatives{mining::Rule{[](const Tensor& i, const Tensor& j) { return i.lt(j); }}, NAN},
          "idcl::mining::ExcludeFalseNegatives: expected `threshold` to be finite, but got nan");
  CHECK_THROWS_WITH(F::triplet_margin_loss(d.x, mining::PairMatrix{at::ones({9, 9})}),
                    Contains("idcl::triplet_margin_loss: expected labels or given pairs, but got a miner, which this loss cannot use"));
  CHECK_THROWS_WITH(F::nca_loss(d.x, mining::PairMatrix{at::ones({9, 9})}),
                    Contains("idcl::nca_loss: expected labels or given pairs, but got a miner"));
  CHECK_THROWS_WITH(F::sup_con_loss(d.x, mining::TopK{.k = 2}, SupConLossOptions().similarity(similarity::Euclidean{})),
                    Contains("idcl: a miner that ranks needs a similarity that is an inner product: cosine or dot"));
  CHECK_THROWS_WITH(F::sup_con_loss(d.x, mining::Labels{}), Contains("idcl::mining::Labels: expected labels for anchors and references"));
}
