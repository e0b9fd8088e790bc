// Each similarity as the inner products of its embedded rows and what it makes of them, against loops.

#include "idcl/similarity/any.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "idcl/similarity/snr.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"

#include <functional>

namespace {

using namespace idcl;
using namespace idcl::test;
using oracle::Real;
using Row = std::vector<Real>;

struct Example {
  std::string name;
  similarity::Any similarity;
  std::function<Real(const Row&, const Row&)> definition;
};

Row unit(Row row) {
  const auto length = std::max(std::sqrt(oracle::inner(row, row)), Real{1e-12});
  for (auto& value : row) value /= length;
  return row;
}

Row difference(Row a, const Row& b) {
  for (std::size_t d = 0; d < a.size(); ++d) a[d] -= b[d];
  return a;
}

Real squared(const Row& row) { return oracle::inner(row, row); }

Real variance(const Row& row) {
  const Real mean = std::accumulate(row.begin(), row.end(), Real{0}) / static_cast<Real>(row.size());
  Real total = 0;
  for (const auto value : row) total += (value - mean) * (value - mean);
  return total / static_cast<Real>(row.size());
}

std::vector<Example> examples() {
  return {
      {"cosine", similarity::Cosine{}, [](const Row& a, const Row& b) { return oracle::inner(unit(a), unit(b)); }},
      {"dot", similarity::Dot{}, [](const Row& a, const Row& b) { return oracle::inner(a, b); }},
      {"euclidean", similarity::Euclidean{}, [](const Row& a, const Row& b) { return std::sqrt(squared(difference(unit(a), unit(b)))); }},
      {"squared euclidean", similarity::Euclidean{.power = 2},
       [](const Row& a, const Row& b) { return squared(difference(unit(a), unit(b))); }},
      {"euclidean of rows as they are", similarity::Euclidean{.normalize = false},
       [](const Row& a, const Row& b) { return std::sqrt(squared(difference(a, b))); }},
      {"signal to noise", similarity::SignalToNoise{},
       [](const Row& a, const Row& b) { return variance(difference(unit(a), unit(b))) / variance(unit(a)); }},
      {"signal to noise of rows as they are", similarity::SignalToNoise{.normalize = false},
       [](const Row& a, const Row& b) { return variance(difference(a, b)) / variance(a); }},
  };
}

/// All similarities, as the engine computes them.
Tensor matrix(const similarity::Any& similarity, const Tensor& x, const Tensor& y) {
  const auto u = similarity.embed(x), v = similarity.references(y);
  return similarity.metric()(at::mm(u, v.t()), u, v);
}

Tensor expected(const Example& example, const Tensor& x, const Tensor& y) {
  const auto a = oracle::matrix_of(x), b = oracle::matrix_of(y);
  auto s = at::zeros({x.size(0), y.size(0)}, at::kDouble);
  for (int64_t i = 0; i < x.size(0); ++i)
    for (int64_t j = 0; j < y.size(0); ++j) s[i][j] = static_cast<double>(example.definition(a[i], b[j]));
  return s;
}

}  // namespace

TEST_CASE("similarities equal their definitions") {
  for (const auto& example : examples()) {
    for (const auto type : {at::kDouble, at::kFloat}) {
      const auto x = Random(1).normal({7, 5}, type), y = Random(2).normal({6, 5}, type);
      check_close(example.name, matrix(example.similarity, x, y), expected(example, x, y), {type == at::kDouble ? 1e-12 : 2e-6, 0});
      const auto strided = at::cat({x, x * 2}, 1).slice(1, 0, 10, 2).t().contiguous().t();
      check_close(example.name + ", strided", matrix(example.similarity, strided, y), expected(example, strided, y),
                  {type == at::kDouble ? 1e-12 : 2e-6, 0});
    }
  }
}

TEST_CASE("halves are compared in float32, other types in their own") {
  const auto x = Random(3).normal({4, 5});
  for (const auto& example : examples()) {
    for (const auto type : {at::kHalf, at::kBFloat16, at::kFloat}) {
      CHECK(example.similarity.embed(x.to(type)).scalar_type() == at::kFloat);
      CHECK(example.similarity.references(x.to(type)).scalar_type() == at::kFloat);
      CHECK(example.similarity.embed(x.to(type)).equal(example.similarity.embed(x.to(type).to(at::kFloat))));
    }
    CHECK(example.similarity.embed(x).scalar_type() == at::kDouble);
  }
}

TEST_CASE("gradients equal differences") {
  const auto x = Random(4).normal({4, 5}), y = Random(5).normal({3, 5}), weights = Random(6).normal({4, 3});
  for (const auto& example : examples())
    gradcheck(example.name, [&](const Inputs& in) { return (matrix(example.similarity, in[0], in[1]) * weights).sum(); }, {x, y});
}

TEST_CASE("the slope of a distance is its derivative in the inner product") {
  const auto x = Random(7).normal({4, 5}), y = Random(8).normal({3, 5});
  for (const auto& example : examples()) {
    if (example.similarity.metric().is_inner()) continue;
    const auto u = example.similarity.embed(x), v = example.similarity.references(y);
    const auto product = at::mm(u, v.t()).requires_grad_();
    const auto s = example.similarity.metric()(product, u, v);
    s.sum().backward();
    check_close(example.name, example.similarity.metric().slope(s.detach()), product.grad(), {1e-12, 0});
  }
}

TEST_CASE("equal rows are at distance zero exactly, close rows at the right one") {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto x = Random(9).normal({20, 33}, type) * 100 + 1000, near = x + 1e-2 * Random(10).normal({20, 33}, type);
    for (const auto& example : examples()) {
      if (!example.similarity.distance) continue;
      INFO(example.name << ", " << type);
      CHECK(largest(matrix(example.similarity, x, x.clone()).diagonal()) == 0);
      const auto normalized = example.name.find("as they are") == std::string::npos;
      // The difference of two rows of size 1 is known to eps; that of the rows as they are exactly.
      const auto scale = type == at::kDouble ? 1e-16 : 1e-7;
      const double known = normalized ? 100 * scale / 1e-5 : 1e-2;
      check_close(example.name, matrix(example.similarity, x, near).diagonal(), expected(example, x, near).diagonal(),
                  {type == at::kDouble ? 1e-6 : known, 0});
    }
  }
}

TEST_CASE("rows of zeros: similarity zero, finite first and second derivatives") {
  auto x = Random(11).normal({4, 5});
  x[1].zero_();
  const auto weights = Random(12).normal({4, 4});
  CHECK(largest(matrix(similarity::Cosine{}, x, x)[1]) == 0);
  CHECK(largest(matrix(similarity::Dot{}, x, x)[1]) == 0);
  for (const auto& example : examples()) {
    INFO(example.name);
    const auto f = [&](const Inputs& in) { return (matrix(example.similarity, in[0], in[0] + 1) * weights).sum(); };
    CHECK(f({x}).isfinite().item<bool>());
    CHECK(gradient(f, as_leaves({x}))[0].isfinite().all().item<bool>());
    CHECK(gradient(slope_of(f, {at::ones_like(x)}), as_leaves({x}))[0].isfinite().all().item<bool>());
  }
}

TEST_CASE("a cosine does not know lengths, down to its eps") {
  const auto x = Random(13).normal({4, 5}, at::kFloat);
  const auto s = matrix(similarity::Cosine{}, x, x);
  for (const double length : {1e-9, 1e-3, 1e9, 1e18}) check_close("scaled", matrix(similarity::Cosine{}, x * length, x), s, {1e-6, 0});
  const auto tiny = x / x.norm(2, {1}, true) * 1e-14;  // below eps: a hundredth of the similarity is left
  check_close("below eps", matrix(similarity::Cosine{}, tiny, x), s * 1e-2, {1e-5, 0});
  check_close("another eps", matrix(similarity::Cosine{.eps = 10}, x / x.norm(2, {1}, true), x.slice(0, 0, 1) * 1e3),
              s.narrow(1, 0, 1) / 10, {1e-5, 0});
}

TEST_CASE("a similarity says what makes no sense") {
  const auto x = Random(3).normal({4, 5});
  CHECK_THROWS_WITH(matrix(similarity::Euclidean{.power = 3}, x, x),
                    Catch::Contains("idcl::similarity::Euclidean: expected `power` to be 1 or 2, but got 3"));
  CHECK_THROWS_WITH(matrix(similarity::Euclidean{.eps = 0}, x, x), Catch::Contains("idcl::similarity::Euclidean: expected `eps`"));
  CHECK_THROWS_WITH(matrix(similarity::SignalToNoise{.eps = -1}, x, x), Catch::Contains("idcl::similarity::SignalToNoise: expected `eps`"));
  CHECK_THROWS_WITH(matrix(similarity::Cosine{.eps = 0}, x, x), Catch::Contains("idcl::similarity::Cosine: expected `eps`"));
}

TEST_CASE("what a similarity is, is known of it when it is chosen at run time") {
  CHECK_FALSE(similarity::Any(similarity::Cosine{}).distance);
  CHECK(similarity::Any(similarity::Cosine{}).metric().is_inner());
  CHECK(similarity::Any(similarity::Euclidean{}).distance);
  CHECK(similarity::Any(similarity::Euclidean{}).symmetric);
  CHECK_FALSE(similarity::Any(similarity::SignalToNoise{}).symmetric);
  const similarity::Any copy = similarity::Any(similarity::Euclidean{});
  CHECK(similarity::metric_of(copy).symmetric);
  CHECK_FALSE(similarity::metric_of(copy).is_inner());
}
