// Regularisers against loops over their definitions, and their derivatives.

#include "idcl/regularizer/centers.hpp"
#include "idcl/regularizer/rows.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"

#include <cmath>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using oracle::Real;

double lp(const Tensor& x, double p, double power) {
  Real total = 0;
  for (const auto& row : oracle::matrix_of(x)) {
    Real sum = 0;
    for (const auto value : row) sum += std::pow(std::abs(value), static_cast<Real>(p));
    total += std::pow(sum, static_cast<Real>(power / p));
  }
  return static_cast<double>(total / x.size(0));
}

}  // namespace

TEST_CASE("regularisers of rows are their definitions") {
  Random random(61);
  const auto x = random.normal({7, 5});
  check_close("lp", regularizer::Lp{}(x).item<double>(), lp(x, 2, 1), {1e-12, 0});
  check_close("lp squared", regularizer::Lp{.power = 2}(x).item<double>(), lp(x, 2, 2), {1e-12, 0});
  check_close("l1", regularizer::Lp{.p = 1}(x).item<double>(), lp(x, 1, 1), {1e-12, 0});
  check_close("l3", regularizer::Lp{.p = 3, .power = 1.5}(x).item<double>(), lp(x, 3, 1.5), {1e-12, 0});
  Real sums = 0, squares = 0, spread = 0;
  const auto rows = oracle::matrix_of(x);
  for (const auto& row : rows) {
    Real sum = 0;
    for (const auto value : row) sum += value;
    sums += std::abs(sum), squares += oracle::inner(row, row);
  }
  for (const auto& row : rows) spread += std::pow(oracle::inner(row, row) - squares / 7, 2) / 4;
  check_close("zero mean", regularizer::ZeroMean{}(x).item<double>(), static_cast<double>(sums / 7), {1e-12, 0});
  check_close("center invariant", regularizer::CenterInvariant{}(x).item<double>(), static_cast<double>(spread / 7), {1e-12, 0});
}

TEST_CASE("regularisers of centres are their definitions") {
  Random random(62);
  const auto weight = random.normal({300, 4});  // more than a tile
  const auto s = oracle::similarities(weight, weight);
  Real total = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    Real most = -1;
    for (std::size_t j = 0; j < s.size(); ++j)
      if (i != j) most = std::max(most, s[i][j]);
    total += most;
  }
  check_close("regular face", regularizer::RegularFace{}(weight).item<double>(), static_cast<double>(total / 300), {1e-12, 0});
  const auto centers = random.normal({3, 4, 5});
  Real distances = 0;
  for (int64_t c = 0; c < 3; ++c) {
    const auto own = oracle::similarities(centers[c], centers[c]);
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = i + 1; j < 4; ++j) distances += std::sqrt(2 - 2 * own[i][j]);
  }
  check_close("sparse centers", regularizer::SparseCenters{}(centers).item<double>(), static_cast<double>(distances / (2 * 3 * 6)),
              {1e-12, 0});
}

TEST_CASE("slopes of regularisers are those of differences") {
  Random random(63);
  const auto x = random.normal({6, 3});
  gradcheck("lp", [](const Inputs& in) { return regularizer::Lp{}(in[0]); }, {x});
  gradcheck("lp squared", [](const Inputs& in) { return regularizer::Lp{.power = 2}(in[0]); }, {x});
  gradcheck("l3", [](const Inputs& in) { return regularizer::Lp{.p = 3}(in[0]); }, {x});
  gradcheck("zero mean", [](const Inputs& in) { return regularizer::ZeroMean{}(in[0]); }, {x});
  gradcheck("center invariant", [](const Inputs& in) { return regularizer::CenterInvariant{}(in[0]); }, {x});
  gradcheck("regular face", [](const Inputs& in) { return regularizer::RegularFace{}(in[0]); }, {x});
  gradcheck("sparse centers", [](const Inputs& in) { return regularizer::SparseCenters{}(in[0]); }, {random.normal({2, 3, 4})});
}

TEST_CASE("rows of zeros, equal rows, one row and none have finite values and slopes") {
  const auto check = [](const std::string& name, const auto& regularizer, const Tensor& like) {
    for (auto x : {at::zeros_like(like), at::ones_like(like), like.narrow(0, 0, 1).clone(), like.narrow(0, 0, 0).clone()}) {
      x.requires_grad_();
      const auto value = regularizer(x);
      INFO(name << " of " << x.sizes());
      CHECK(value.dim() == 0);
      CHECK(value.isfinite().template item<bool>());
      if (x.numel() == 0) CHECK(value.template item<double>() == 0);
      value.backward();
      CHECK(x.grad().isfinite().all().template item<bool>());
    }
    CHECK(regularizer(like.to(at::kBFloat16)).scalar_type() == at::kFloat);
  };
  Random random(64);
  const auto x = random.normal({4, 3});
  check("lp", regularizer::Lp{}, x);
  check("l3", regularizer::Lp{.p = 3, .power = 0.5}, x);
  check("zero mean", regularizer::ZeroMean{}, x);
  check("center invariant", regularizer::CenterInvariant{}, x);
  check("regular face", regularizer::RegularFace{}, x);
  check("sparse centers", regularizer::SparseCenters{}, random.normal({3, 2, 4}));
}

TEST_CASE("regularisers say what makes no sense") {
  const auto x = at::ones({3, 2});
  CHECK_THROWS_WITH(regularizer::Lp{}(x[0]), Contains("idcl::regularizer::Lp: expected `x` to be 2-D [N, D], but got [2]"));
  CHECK_THROWS_WITH(regularizer::Lp{.p = 0.5}(x), Contains("idcl::regularizer::Lp: expected `p` >= 1, but got 0.5"));
  CHECK_THROWS_WITH(regularizer::Lp{.power = 0}(x), Contains("idcl::regularizer::Lp: expected `power` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(regularizer::ZeroMean{}(x.to(at::kLong)),
                    Contains("idcl::regularizer::ZeroMean: expected `x` to be of floating type, but got Long"));
  CHECK_THROWS_WITH(regularizer::CenterInvariant{}(Tensor()), Contains("expected `x` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(regularizer::SparseCenters{}(x),
                    Contains("idcl::regularizer::SparseCenters: expected `weight` to be 3-D [C, K, D], but got [3, 2]"));
  CHECK_THROWS_WITH(regularizer::RegularFace{}(x[0]),
                    Contains("idcl::regularizer::RegularFace: expected `x` to be 2-D [N, D], but got [2]"));
}
