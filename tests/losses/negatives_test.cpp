// InfoNCE against given negative keys, shared by all queries or each query's own.

#include "idcl/losses/info_nce.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <torch/nn/modules/container/any.h>

#include <sstream>

namespace {

namespace F = idcl::functional;
using namespace idcl::test;
using Catch::Contains;
using idcl::InfoNCELossOptions;
using oracle::Real;

constexpr int64_t kQueries = 5, kNegatives = 3, kWidth = 3;

struct Data {
  Random random{11};
  Tensor query = random.normal({kQueries, kWidth}), key = random.normal({kQueries, kWidth});
  Tensor shared = random.normal({kNegatives, kWidth}), own = random.normal({kQueries, kNegatives, kWidth});
};

/// Every option that changes the value, in both evaluators.
template <class Check>
void for_each_form(const Check& check) {
  const Data d;
  for (const auto& negatives : {d.shared, d.own})
    for (const bool in_batch : {false, true})
      for (const bool symmetric : {false, true})
        for (const bool normalize : {true, false})
          for (const auto& setting : {dense(), streaming(1), streaming(3)}) {
            std::ostringstream name;
            name << std::boolalpha << negatives.dim() << "-D, in batch " << in_batch << ", symmetric " << symmetric << ", normalize "
                 << normalize << ", " << setting;
            INFO(name.str());
            const auto options =
                InfoNCELossOptions().temperature(0.4).in_batch_negatives(in_batch).symmetric(symmetric).normalize(normalize);
            check(name.str(), d, negatives, with(options, setting, at::kDouble));
          }
}

/// The mean as its definition reads.
double expected(const Data& d, const Tensor& negatives, const InfoNCELossOptions& options) {
  const auto term = [&](Real s) { return std::exp(s / Real(options.temperature())); };
  const auto s = oracle::similarities(d.query, d.key, options.normalize());
  Real forward = 0, backward = 0;
  for (int64_t i = 0; i < kQueries; ++i) {
    const auto given = negatives.dim() == 2 ? negatives : negatives[i];
    Real among = term(s[i][i]), back = term(s[i][i]);
    for (const auto& row : oracle::similarities(given, d.query.narrow(0, i, 1), options.normalize())) among += term(row[0]);
    for (int64_t j = 0; j < kQueries; ++j) {
      if (i == j) continue;
      if (options.in_batch_negatives()) among += term(s[i][j]);
      back += term(s[j][i]);
    }
    forward += std::log(among / term(s[i][i]));
    backward += std::log(back / term(s[i][i]));
  }
  return static_cast<double>((options.symmetric() ? (forward + backward) / 2 : forward) / kQueries);
}

}  // namespace

TEST_CASE("InfoNCE against negative keys is what the loops over its definition give") {
  for_each_form([](const std::string& name, const Data& d, const Tensor& negatives, const InfoNCELossOptions& options) {
    const auto mean = F::info_nce_loss(d.query, d.key, negatives, options);
    check_close(name, mean.item<double>(), expected(d, negatives, options), {1e-12, 0});
    const auto rows = F::info_nce_loss(d.query, d.key, negatives, InfoNCELossOptions(options).reduction(torch::kNone));
    CHECK(rows.sizes() == at::IntArrayRef{kQueries});
    check_close(name, rows.mean(), mean, {1e-12, 0});
    check_close(name, F::info_nce_loss(d.query, d.key, negatives, InfoNCELossOptions(options).reduction(torch::kSum)), rows.sum(),
                {1e-12, 0});
  });
}

TEST_CASE("gradients of InfoNCE against negative keys are those of its differences, twice") {
  for_each_form([](const std::string& name, const Data& d, const Tensor& negatives, const InfoNCELossOptions& options) {
    if (options.workspace_bytes() == workspace_for(1, 8)) return;  // tiles of one pair take long
    const Inputs inputs{d.query, d.key, negatives};
    const Function loss = [=](const Inputs& in) {
      const auto rows = F::info_nce_loss(in[0], in[1], in[2], InfoNCELossOptions(options).reduction(torch::kNone));
      return (rows * at::arange(1, kQueries + 1, at::kDouble)).sum();
    };
    gradcheck(name, loss, inputs);
    if (!options.normalize()) return;
    Random random(4);
    gradcheck(name + ", second",
              slope_of(loss, {random.normal(d.query.sizes()), random.normal(d.key.sizes()), random.normal(negatives.sizes())}), inputs);
  });
}

TEST_CASE("the batch's other keys as negative keys are the loss without any") {
  const Data d;
  const auto others = at::stack([&] {
    std::vector<Tensor> sets;
    for (int64_t i = 0; i < kQueries; ++i) sets.push_back(at::cat({d.key.narrow(0, 0, i), d.key.narrow(0, i + 1, kQueries - i - 1)}));
    return sets;
  }());
  check_close("own", F::info_nce_loss(d.query, d.key, others), F::info_nce_loss(d.query, d.key), {1e-12, 0});
  const auto none = at::empty({0, kWidth}, at::kDouble), none_each = at::empty({kQueries, 0, kWidth}, at::kDouble);
  for (const auto& setting : {dense(), streaming(2)})
    for (const auto& empty : {none, none_each}) {
      const auto options = with(InfoNCELossOptions().in_batch_negatives(true), setting, at::kDouble);
      check_close("none", F::info_nce_loss(d.query, d.key, empty, options), F::info_nce_loss(d.query, d.key), {1e-12, 0});
      CHECK(F::info_nce_loss(d.query, d.key, empty, with(InfoNCELossOptions(), setting, at::kDouble)).item<double>() == 0);
    }
}

TEST_CASE("InfoNCE against negative keys: no rows, equal rows, zero rows and extreme temperatures are finite") {
  for (const auto type : {at::kDouble, at::kFloat})
    for (const double temperature : {0.005, 100.0})
      for (const auto& setting : {dense(), streaming(2)})
        for (const int64_t n : {0, 1, 4})
          for (const bool own : {false, true}) {
            Random random(9);
            const auto negatives = own ? random.normal({n, 3, kWidth}, type) : random.normal({3, kWidth}, type);
            for (const auto& query : {random.normal({n, kWidth}, type), at::zeros({n, kWidth}, type), at::ones({n, kWidth}, type)}) {
              const auto leaves = as_leaves({query, at::ones({n, kWidth}, type), negatives});
              const auto options =
                  with(InfoNCELossOptions().temperature(temperature).in_batch_negatives(true).symmetric(true), setting, type);
              const auto loss = F::info_nce_loss(leaves[0], leaves[1], leaves[2], options);
              CHECK(std::isfinite(loss.item<double>()));
              if (n == 0) CHECK(loss.item<double>() == 0);
              loss.backward();
              for (const auto& leaf : leaves) CHECK(at::isfinite(or_zeros(leaf.grad(), leaf)).all().item<bool>());
            }
          }
}

TEST_CASE("InfoNCE against negative keys in bfloat16 gives a float32 loss as good as float32 inputs of the same values") {
  const Data d;
  const auto rounded = [](const Tensor& x) { return x.to(at::kBFloat16); };
  for (const auto& negatives : {d.shared, d.own}) {
    const auto loss = F::info_nce_loss(rounded(d.query), rounded(d.key), rounded(negatives));
    CHECK(loss.scalar_type() == at::kFloat);
    check_close("bfloat16", loss,
                F::info_nce_loss(rounded(d.query).to(at::kDouble), rounded(d.key).to(at::kDouble), rounded(negatives).to(at::kDouble)),
                {1e-5, 0});
  }
}

TEST_CASE("InfoNCELoss takes negative keys as a third argument") {
  const Data d;
  idcl::InfoNCELoss loss(InfoNCELossOptions().in_batch_negatives(true));
  CHECK(loss(d.query, d.key).item<double>() == F::info_nce_loss(d.query, d.key).item<double>());
  CHECK(loss(d.query, d.key, d.shared).item<double>() == F::info_nce_loss(d.query, d.key, d.shared, loss->options).item<double>());
  torch::nn::AnyModule any(loss);
  CHECK(any.forward(d.query, d.key, d.own).item<double>() == F::info_nce_loss(d.query, d.key, d.own, loss->options).item<double>());
}

TEST_CASE("negative keys that make no sense are refused in one line") {
  const Data d;
  CHECK_THROWS_WITH(
      F::info_nce_loss(d.query, d.key, at::ones({4, 2}, at::kDouble)),
      Contains("idcl::info_nce_loss: expected `negative_keys` to be [K, 3], shared, or [5, K, 3], a set for each query, but got [4, 2]"));
  CHECK_THROWS_WITH(F::info_nce_loss(d.query, d.key, at::ones({4, 2, 3}, at::kDouble)), Contains("but got [4, 2, 3]"));
  CHECK_THROWS_WITH(F::info_nce_loss(d.query, d.key, d.shared.to(at::kFloat)),
                    Contains("idcl::info_nce_loss: expected `query` and `negative_keys` to have one type, but got Double and Float"));
  CHECK_THROWS_WITH(F::info_nce_loss(d.query, at::ones({4, 3}, at::kDouble), d.shared),
                    Contains("idcl::info_nce_loss: expected `positive_key` to have the 5 rows of `query`, but got [4, 3]"));
}
