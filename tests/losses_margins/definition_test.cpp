// What the losses of this folder are, from loops over their definitions; a learned boundary; modules and messages.

#include "losses_pairs/inputs.hpp"

#include "idcl/losses/angular.hpp"
#include "idcl/losses/lifted_structure.hpp"
#include "idcl/losses/margin.hpp"
#include "idcl/losses/ranked_list.hpp"
#include "support/oracle.hpp"

#include <torch/serialize.h>

#include <functional>
#include <numbers>

namespace {

using namespace idcl::test;
namespace F = idcl::functional;
using Catch::Contains;
using oracle::Real;
using oracle::Role;

/// A set with itself, or with references: cosines, Euclidean distances of unit rows, and who belongs to whom.
struct Pairs {
  Tensor x, y, x_labels, y_labels;
  bool self;
  oracle::Matrix cosine = oracle::similarities(x, y);
  oracle::Roles role = oracle::same_label_positive(cosine, x_labels, y_labels, self);

  std::size_t rows() const { return role.size(); }
  std::size_t cols() const { return role[0].size(); }
  Real distance(std::size_t i, std::size_t j) const { return std::sqrt(std::max(Real{0}, 2 - 2 * cosine[i][j])); }
  bool positive(std::size_t i, std::size_t j) const { return role[i][j] == Role::Positive; }
  bool negative(std::size_t i, std::size_t j) const { return role[i][j] == Role::Negative; }
};

Pairs random_pairs(uint64_t seed, bool references) {
  Random random(seed);
  const auto x = random.normal({11, 3}), y = random.integers(3, {11});
  if (!references) return {x, x, y, y, true};
  const auto others = random.normal({8, 3});
  return {x, others, y, random.integers(3, {8}), false};
}

template <class Function, class... More>
Tensor call(const Function& function, const Pairs& pairs, const More&... more) {
  return pairs.self ? function(pairs.x, pairs.x_labels, more...) : function(pairs.x, pairs.x_labels, pairs.y, pairs.y_labels, more...);
}

/// Both kinds of pairs, under both evaluators.
template <class Check>
void for_both(const Check& check) {
  for (const bool references : {false, true})
    for (const auto& setting : {dense(), streaming(4)}) check(random_pairs(6, references), setting);
}

/// Lifted structure, the mean over positive pairs. `by_place`: the other negatives of a pair (i, j) are those of anchor j, whatever stands
/// at j among the references.
double lifted_structure(const Pairs& p, Real neg_margin, Real pos_margin, bool by_place = false) {
  Real total = 0, count = 0;
  for (std::size_t i = 0; i < p.rows(); ++i)
    for (std::size_t j = 0; j < p.cols(); ++j) {
      if (!p.positive(i, j)) continue;
      Real sum = 0;
      const auto add = [&](std::size_t a, std::size_t b) {
        if (p.negative(a, b)) sum += std::exp(neg_margin - p.distance(a, b));
      };
      for (std::size_t k = 0; k < p.cols(); ++k) add(i, k);
      if (by_place && j != i && j < p.rows())
        for (std::size_t k = 0; k < p.cols(); ++k) add(j, k);
      if (!by_place)
        for (std::size_t k = 0; k < p.rows(); ++k) add(k, j);
      const auto excess = std::max(Real{0}, p.distance(i, j) - pos_margin + (sum > 0 ? std::log(sum) : 0));
      total += excess * excess / 2, ++count;
    }
  return static_cast<double>(total / count);
}

}  // namespace

TEST_CASE("margin losses are those of the loops over their definition") {
  const auto beta = at::tensor({0.7, 1.0, 1.3}, at::kDouble);
  for_both([&](const Pairs& p, const Setting& setting) {
    Real total = 0, active = 0, triplets = 0, boundaries = 0;
    for (std::size_t i = 0; i < p.rows(); ++i)
      for (std::size_t j = 0; j < p.cols(); ++j)
        for (std::size_t k = 0; k < p.cols(); ++k) {
          if (!p.positive(i, j) || !p.negative(i, k)) continue;
          const Real b = beta[p.x_labels[static_cast<int64_t>(i)].item<int64_t>()].item<double>();
          const Real together = std::max(Real{0}, p.distance(i, j) - b + Real{0.3}),
                     apart = std::max(Real{0}, b - p.distance(i, k) + Real{0.3});
          total += together + apart, active += (together > 0) + (apart > 0), ++triplets, boundaries += b;
        }
    const auto loss = [&](idcl::reduction_t reduction) {
      const auto options = with(idcl::MarginLossOptions().margin(0.3).nu(0.1), setting, at::kDouble).reduction(reduction);
      return call(F::margin_loss, p, beta, options).sum().item<double>();
    };
    const auto of = [](Real x) { return static_cast<double>(x); };
    check_close("mean of active parts", loss(idcl::kMeanNonZero), of((total + boundaries / 10) / active), {1e-12, 0});
    check_close("mean of triplets", loss(torch::kMean), of((total + boundaries / 10) / triplets), {1e-12, 0});
    check_close("sum", loss(torch::kSum), of(total + boundaries / 10), {1e-12, 0});
    check_close("rows", loss(torch::kNone), of(total), {1e-12, 0});
  });
}

TEST_CASE("margin losses of given triplets are those of the triplets one by one, and of pairs those of their triplets") {
  Random random(7);
  const auto x = random.normal({9, 3}), y = random.integers(3, {9});
  const auto a = random.integers(9, {25}), p = random.integers(9, {25}), n = random.integers(9, {25});
  const auto given = [](const Tensor& anchors, const Tensor& positives, const Tensor& negatives) {
    return idcl::mining::Triplets(anchors, positives, negatives);
  };
  for (const auto& setting : {dense(), streaming(4)}) {
    const auto options = with(idcl::MarginLossOptions().beta(1.1), setting, at::kDouble).reduction(torch::kSum);
    double one_by_one = 0;
    for (int64_t t = 0; t < 25; ++t)
      one_by_one += F::margin_loss(x, y, given(a.narrow(0, t, 1), p.narrow(0, t, 1), n.narrow(0, t, 1)), options).item<double>();
    check_close("triplets", F::margin_loss(x, y, given(a, p, n), options).item<double>(), one_by_one, {1e-12, 0});

    const idcl::mining::Pairs pairs(a, p, n, a);
    const auto joined = a.unsqueeze(1).eq(n).nonzero();
    const auto i = joined.select(1, 0), k = joined.select(1, 1);
    check_close("pairs", F::margin_loss(x, y, pairs, options),
                F::margin_loss(x, y, given(a.index_select(0, i), p.index_select(0, i), a.index_select(0, k)), options), {1e-12, 0});
  }
}

TEST_CASE("a boundary's gradient is that of its differences, whatever its shape and the reduction") {
  Random random(8);
  const auto x = random.normal({8, 3}), y = random.integers(3, {8});
  for (const auto& setting : {dense(), streaming(3)})
    for (const auto& beta : {at::tensor({0.9}, at::kDouble), at::tensor({0.7, 1.0, 1.3}, at::kDouble), at::full({}, 1.1, at::kDouble)})
      for (const auto& reduction : {idcl::reduction_t(torch::kMean), idcl::reduction_t(torch::kSum), idcl::reduction_t(idcl::kMeanNonZero),
                                    idcl::reduction_t(torch::kNone)}) {
        const auto options = with(idcl::MarginLossOptions().nu(0.2), setting, at::kDouble).reduction(reduction);
        gradcheck("beta",
                  [&](const Inputs& in) { return (F::margin_loss(in[0], y, in[1], options) * at::arange(1, 9, at::kDouble)).sum(); },
                  {x, beta});
      }
}

TEST_CASE("lifted structures are those of the loops over their definition, a reference's negatives being anchors") {
  for_both([](const Pairs& p, const Setting& setting) {
    for (const bool by_place : {false, true}) {
      const auto options = idcl::LiftedStructureLossOptions().neg_margin(1.4).pos_margin(0.2).negatives_by_place(by_place);
      check_close("mean", call(F::lifted_structure_loss, p, with(options, setting, at::kDouble)).item<double>(),
                  lifted_structure(p, 1.4, 0.2, by_place), {1e-12, 0});
    }
  });
}

TEST_CASE("against references a positive's negatives are its own, or by option those of the anchor at its place") {
  int told_apart = 0;
  for (const auto& given : golden::cases("losses", "lifted_structure")) {
    if (!given.inputs.contains("ref_embeddings") || given.expected.contains("loss_clean")) continue;
    const bool drops_diagonal = given.options.contains("ref_labels_is_labels");
    const Pairs p{given.inputs.at("embeddings"), given.inputs.at("ref_embeddings"), given.inputs.at("labels"),
                  given.inputs.at("ref_labels"), drops_diagonal};
    const auto c = as_asked_here(given);
    const double neg_margin = c.options.value("neg_margin", 1.0), pos_margin = c.options.value("pos_margin", 0.0);
    for (const bool by_place : {false, true}) {
      const auto expected = lifted_structure(p, neg_margin, pos_margin, by_place);
      told_apart += std::abs(expected - golden::number(given.expected.at("loss"))) > 1e-3;
      for (const auto& setting : all_settings()) {
        const auto options = idcl::LiftedStructureLossOptions().neg_margin(neg_margin).pos_margin(pos_margin).negatives_by_place(by_place);
        check_close(c.where(), call_with_labels(F::lifted_structure_loss, c.inputs, with(options, setting, at::kDouble)).item<double>(),
                    expected, {1e-10, 1e-12});
      }
    }
  }
  CHECK(told_apart > 0);
}

TEST_CASE("a positive pair without negatives counts 0 for their logarithm, a batch without any is zero") {
  const auto x = at::tensor({1.0, 0.0, 0.6, 0.8, 0.0, 1.0}, at::kDouble).view({3, 2}), y = at::tensor({0, 0, 1}, at::kLong);
  const auto at_position = [](int64_t i) { return at::tensor({i}, at::kLong); };
  const auto none = at::empty({0}, at::kLong);
  const double d = std::sqrt(2 - 2 * 0.6);
  for (const auto& setting : {dense(), streaming(1)}) {
    const auto options = with(idcl::LiftedStructureLossOptions(), setting, at::kDouble);
    CHECK(F::lifted_structure_loss(x, y, idcl::mining::Pairs(at_position(0), at_position(1), at_position(2), at_position(0)), options)
              .item<double>() == Approx(d * d / 2));
    CHECK(F::lifted_structure_loss(x, y, idcl::mining::Pairs(at_position(0), at_position(1), none, none), options).item<double>() == 0);
  }
}

TEST_CASE("angular losses are those of the loops over their definition") {
  for_both([](const Pairs& p, const Setting& setting) {
    const Real tangent = std::tan(Real{35} * std::numbers::pi_v<Real> / 180), t = tangent * tangent;
    const auto raw = oracle::matrix_of(p.y);
    for (const bool normalized : {false, true}) {
      const auto among_others = oracle::similarities(p.y, p.y);
      Real total = 0, count = 0;
      for (std::size_t i = 0; i < p.rows(); ++i)
        for (std::size_t j = 0; j < p.cols(); ++j) {
          if (!p.positive(i, j)) continue;
          Real sum = 1;
          for (std::size_t k = 0; k < p.cols(); ++k) {
            if (!p.negative(i, k)) continue;
            const Real length = normalized ? 1 : std::sqrt(oracle::inner(raw[k], raw[k]));
            sum += std::exp(4 * t * length * (p.cosine[i][k] + among_others[j][k]) - 2 * (1 + t) * p.cosine[i][j]);
          }
          total += std::log(sum), ++count;
        }
      const auto options = with(idcl::AngularLossOptions().alpha(35).normalize_negatives(normalized), setting, at::kDouble);
      check_close("mean", call(F::angular_loss, p, options).item<double>(), static_cast<double>(total / count), {1e-12, 0});
      check_close("rows", call(F::angular_loss, p, idcl::AngularLossOptions(options).reduction(torch::kNone)).sum().item<double>(),
                  static_cast<double>(total), {1e-12, 0});
    }
  });
}

TEST_CASE("ranked lists are those of the loops over their definition") {
  for_both([](const Pairs& p, const Setting& setting) {
    Real total = 0;
    for (std::size_t i = 0; i < p.rows(); ++i) {
      const auto average = [&](Real temperature, const std::function<Real(std::size_t)>& violation) {
        Real above = 0, below = 0;
        for (std::size_t j = 0; j < p.cols(); ++j) {
          const Real x = violation(j);
          if (x > 0) above += std::exp(temperature * x) * x, below += std::exp(temperature * x);
        }
        return above / (below + Real{1e-5} * p.cols());
      };
      total += Real{0.7} * average(2, [&](std::size_t j) { return p.positive(i, j) ? p.distance(i, j) - Real{0.9} : Real{0}; }) +
               Real{0.3} * average(4, [&](std::size_t j) { return p.negative(i, j) ? Real{1.4} - p.distance(i, j) : Real{0}; });
    }
    const auto options = with(idcl::RankedListLossOptions().margin(0.5).alpha(1.4).Tp(2).Tn(4).imbalance(0.3), setting, at::kDouble);
    check_close("mean", call(F::ranked_list_loss, p, options).item<double>(), static_cast<double>(total / p.rows()), {1e-12, 0});
  });
}

TEST_CASE("MarginLoss owns its boundary where it learns one") {
  const auto x = Random(2).normal({6, 4}, at::kFloat), y = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  CHECK(idcl::MarginLoss()->parameters().empty());
  CHECK(idcl::MarginLoss()(x, y).item<double>() == F::margin_loss(x, y).item<double>());
  idcl::MarginLoss loss(idcl::MarginLossOptions().learn_beta(true).num_classes(3).nu(0.1).beta(0.8));
  REQUIRE(loss->beta.sizes() == at::IntArrayRef{3});
  CHECK(loss(x, y).item<double>() == F::margin_loss(x, y, loss->beta, loss->options).item<double>());
  CHECK(loss(x, y, x, y).item<double>() == F::margin_loss(x, y, x, y, loss->beta, loss->options).item<double>());
  loss(x, y).backward();
  CHECK(largest(loss->beta.grad()) > 0);
  std::ostringstream printed;
  printed << *loss;
  CHECK(printed.str() == "idcl::MarginLoss(margin=0.2, nu=0.1, beta=0.8, learn_beta=true, num_classes=3, reduction=mean of non-zero)");
  {
    const at::NoGradGuard no_grad;
    loss->beta.fill_(0.5);
  }
  const auto copy = std::dynamic_pointer_cast<idcl::MarginLossImpl>(loss->clone());
  CHECK(copy->beta.equal(loss->beta));
  CHECK(!copy->beta.is_same(loss->beta));
  std::stringstream archive;
  torch::save(loss, archive);
  idcl::MarginLoss restored(idcl::MarginLossOptions().learn_beta(true).num_classes(3));
  torch::load(restored, archive);
  CHECK(restored->beta.equal(loss->beta));
}

TEST_CASE("modules of lifted_structure, angular and ranked_list are their functionals, and print what was set") {
  const auto x = Random(2).normal({6, 4}, at::kFloat), y = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  const auto check = [&](auto module, const auto& function, const std::string& text) {
    CHECK(module(x, y).template item<double>() == function(x, y, module->options).template item<double>());
    CHECK(module(x, y, x, y).template item<double>() == function(x, y, x, y, module->options).template item<double>());
    std::ostringstream printed;
    printed << *module;
    CHECK(printed.str() == text);
  };
  check(idcl::LiftedStructureLoss(idcl::LiftedStructureLossOptions().neg_margin(1.5)), F::lifted_structure_loss,
        "idcl::LiftedStructureLoss(neg_margin=1.5, pos_margin=0, negatives_by_place=false, reduction=mean)");
  check(idcl::AngularLoss(idcl::AngularLossOptions().alpha(45)), F::angular_loss,
        "idcl::AngularLoss(alpha=45, normalize_negatives=false, reduction=mean)");
  check(idcl::RankedListLoss(idcl::RankedListLossOptions().Tn(4)), F::ranked_list_loss,
        "idcl::RankedListLoss(margin=0.4, Tn=4, Tp=0, imbalance=0.5, alpha=1.2, reduction=mean)");
}

TEST_CASE("what makes no sense to these losses is refused in one line") {
  const auto x = at::ones({3, 2}), y = at::tensor({0, 0, 1}, at::kLong);
  CHECK_THROWS_WITH(F::margin_loss(x, y, at::ones({2, 2})),
                    Contains("idcl::margin_loss: expected `beta` to be one floating number, or one a class, [C], but got Float [2, 2]"));
  CHECK_THROWS_WITH(F::margin_loss(x, y + 1, at::ones({2})),
                    Contains("idcl::margin_loss: expected `labels` within [0, 2), the classes of `beta`, but got 2"));
  CHECK_THROWS_WITH(F::margin_loss(x, y, idcl::MarginLossOptions().nu(-1)),
                    Contains("idcl::margin_loss: expected `nu` to be finite and >= 0, but got -1"));
  CHECK_THROWS_WITH(idcl::MarginLoss(idcl::MarginLossOptions().num_classes(-1)),
                    Contains("idcl::margin_loss: expected `num_classes` >= 0, but got -1"));
  CHECK_THROWS_WITH(F::lifted_structure_loss(x, y, idcl::LiftedStructureLossOptions().neg_margin(std::nan(""))),
                    Contains("idcl::lifted_structure_loss: expected `neg_margin` to be finite, but got nan"));
  CHECK_THROWS_WITH(F::lifted_structure_loss(x, x.select(1, 0)),
                    Contains("idcl::lifted_structure_loss: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(F::angular_loss(x, y, idcl::AngularLossOptions().alpha(90)),
                    Contains("idcl::angular_loss: expected `alpha` in degrees, within (0, 90), but got 90"));
  CHECK_THROWS_WITH(F::ranked_list_loss(x, y, idcl::RankedListLossOptions().imbalance(1.5)),
                    Contains("idcl::ranked_list_loss: expected `imbalance` within [0, 1], but got 1.5"));
  CHECK_THROWS_WITH(F::ranked_list_loss(x, y, idcl::RankedListLossOptions().similarity(idcl::similarity::Cosine{})),
                    Contains("idcl::ranked_list_loss: expected `similarity` to be a distance"));
}
