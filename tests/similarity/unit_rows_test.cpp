// Rows of unit length, and rows whose products are squared distances, by one call each way, against the same by LibTorch's operators in
// double precision.

#include "idcl/similarity/unit_rows.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/detail/scaled_rows.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace idcl::test;
using idcl::similarity::Euclidean;
using idcl::similarity::unit_rows;
using idcl::similarity::detail::scaled_rows;

constexpr double kEps = 1e-3;

/// Rows of every length: ordinary, tiny, huge, shorter than eps, zero.
Tensor rows() {
  auto x = Random(3).normal({40, 9});
  x[1] *= 1e-5;
  x[2] *= 1e8;
  x[3] *= 2e-4;
  x[4] = 0;
  return x;
}

/// What is done to rows, each by itself.
struct Embedding {
  std::string name;
  std::function<Tensor(const Tensor&)> of;
};

std::vector<Embedding> embeddings() {
  const Euclidean unit{.eps = kEps}, plain{.normalize = false};
  return {{"unit rows", [](const Tensor& x) { return unit_rows(x, kEps); }},
          {"anchors of unit length", [=](const Tensor& x) { return unit.embed(x); }},
          {"references of unit length", [=](const Tensor& x) { return unit.references(x); }},
          {"anchors", [=](const Tensor& x) { return plain.embed(x); }},
          {"references", [=](const Tensor& x) { return plain.references(x); }}};
}

struct Result {
  Tensor value, slope, curvature;
};

Result differentiate(const Embedding& embedding, const Tensor& x) {
  const auto leaf = x.detach().clone().requires_grad_();
  Random random(4);
  const auto value = embedding.of(leaf);
  const auto a = random.normal(value.sizes()).to(x.scalar_type()), b = random.normal(x.sizes()).to(x.scalar_type());
  const auto slope = torch::autograd::grad({(value * a).sum()}, {leaf}, {}, std::nullopt, /*create_graph=*/true)[0];
  const auto curvature = torch::autograd::grad({(slope * b).sum()}, {leaf})[0];
  const auto plain = torch::autograd::grad({(embedding.of(leaf) * a).sum()}, {leaf})[0];  // the one call, without a graph
  check_close("slope with and without a graph", plain, slope, {.relative = 1e-6});
  // slopes whose rows are apart, one column after another, or all one row
  const auto width = value.size(1);
  const auto slope_of = [&](const Tensor& g) { return torch::autograd::grad({embedding.of(leaf)}, {leaf}, {g})[0]; };
  check_close("rows apart", slope_of(at::cat({a, a}, 1).narrow(1, 0, width)), plain, {.relative = 1e-6});
  check_close("transposed", slope_of(a.t().contiguous().t()), plain, {.relative = 1e-6});
  const auto same = a.narrow(0, 0, 1).expand_as(a);
  check_close("one row", slope_of(same), slope_of(same.contiguous()), {.relative = 1e-6});
  return {value.detach(), plain, curvature};
}

}  // namespace

TEST_CASE("embedded rows, their slopes and curvatures are LibTorch's, row by row") {
  for (const auto& embedding : embeddings()) {
    INFO(embedding.name);
    const auto x = rows();
    const auto expected = differentiate(embedding, x), actual = differentiate(embedding, x.to(at::kFloat));
    for (int64_t i = 0; i < x.size(0); ++i) {  // their slopes differ by thirty orders of magnitude
      CAPTURE(i);
      check_close("value", actual.value[i], expected.value[i], {.relative = 1e-6});
      check_close("slope", actual.slope[i], expected.slope[i], {.relative = 2e-6});
      check_close("curvature", actual.curvature[i], expected.curvature[i], {.relative = 2e-5});
    }
  }
  CHECK(largest(unit_rows(rows().to(at::kFloat), kEps)[4]) == 0);
}

TEST_CASE("a set embedded once as anchors and references is what it would be embedded twice") {
  for (const bool unit : {false, true}) {
    CAPTURE(unit);
    const Euclidean euclidean{.normalize = unit, .eps = kEps};
    const auto derivatives = [&](at::ScalarType type, bool together) {
      const auto x = rows().slice(0, 5).to(type).clone().requires_grad_();
      Random random(6);
      const auto a = random.normal({x.size(0), 11}).to(type), b = random.normal({x.size(0), 11}).to(type);
      const auto value = [&] {
        const auto [u, v] = together ? euclidean.both(x) : std::pair{euclidean.embed(x), euclidean.references(x)};
        return std::pair{(u.square() * a).sum(), (v.square() * b).sum()};
      };
      const auto [of_u, of_v] = value();
      std::vector<Tensor> found{of_u.detach(), of_v.detach()};
      for (const auto& one : {of_u + of_v, of_u, of_v})  // of both sides, or of one alone
        found.push_back(torch::autograd::grad({one}, {x}, {}, /*retain_graph=*/true)[0]);
      const auto slope = torch::autograd::grad({of_u + of_v}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
      found.push_back(torch::autograd::grad({slope.square().sum()}, {x})[0]);
      return found;
    };
    const auto once = derivatives(at::kFloat, true), twice = derivatives(at::kFloat, false), exact = derivatives(at::kDouble, true);
    for (std::size_t k = 0; k < once.size(); ++k) {
      check_close("as twice, " + std::to_string(k), once[k], twice[k], {.relative = 2e-6});
      check_close("as in doubles, " + std::to_string(k), once[k], exact[k], {.relative = 1e-5});
    }
  }
  const auto x = rows();
  const auto [u, v] = idcl::similarity::embed_both(idcl::similarity::Cosine{}, x);
  CHECK(u.is_same(v));  // one set, compared by inner products, is embedded once
}

TEST_CASE("scaled rows with a column more: slopes and curvatures of rows, scale and column") {
  const auto derivatives = [](at::ScalarType type) {
    const auto leaf = [&](double value) { return at::full({}, value, at::TensorOptions(type)).requires_grad_(); };
    const auto x = rows().slice(0, 5).to(type).clone().requires_grad_(), scale = leaf(1.5), last = leaf(-2);
    const auto weights = Random(5).normal({x.size(0), x.size(1) + 1}).to(type);
    const auto value = [&] { return (scaled_rows(x, scale, last).square() * weights).sum(); };
    auto found = torch::autograd::grad({value()}, {x, scale, last}, {}, /*retain_graph=*/true, /*create_graph=*/true);
    const auto bent = found[0].square().mean() + found[1] * found[2];
    for (const auto& curvature : torch::autograd::grad({bent}, {x, scale, last})) found.push_back(curvature);
    for (const auto& slope : torch::autograd::grad({value()}, {x, scale, last})) found.push_back(slope);
    for (const auto& alone : {x, scale, last}) found.push_back(torch::autograd::grad({value()}, {alone})[0]);
    return found;
  };
  const auto actual = derivatives(at::kFloat), expected = derivatives(at::kDouble);
  for (std::size_t k = 0; k < actual.size(); ++k)
    check_close("derivative " + std::to_string(k), actual[k], expected[k], {.relative = 1e-5});
}

TEST_CASE("scaled rows with no column more: slopes of rows and scale") {
  const auto derivatives = [](at::ScalarType type) {
    const auto x = rows().slice(0, 5).to(type).clone().requires_grad_(),
               scale = at::full({}, 1.5, at::TensorOptions(type)).requires_grad_();
    const auto weights = Random(5).normal(x.sizes()).to(type);
    const auto value = (scaled_rows(x, scale, std::nullopt).square() * weights).sum();
    auto found = torch::autograd::grad({value}, {x, scale}, {}, /*retain_graph=*/true);
    found.push_back(torch::autograd::grad({value}, {scale}, {}, /*retain_graph=*/true)[0]);
    const auto slopes = torch::autograd::grad({value}, {x, scale}, {}, /*retain_graph=*/true, /*create_graph=*/true);
    for (const auto& curvature : torch::autograd::grad({slopes[0].square().mean() * slopes[1]}, {x, scale})) found.push_back(curvature);
    return found;
  };
  const auto actual = derivatives(at::kFloat), expected = derivatives(at::kDouble);
  for (std::size_t k = 0; k < actual.size(); ++k)
    check_close("derivative " + std::to_string(k), actual[k], expected[k], {.relative = 1e-5});
}

TEST_CASE("rows of any stride, no rows and rows of nothing") {
  const auto x = rows().to(at::kFloat);
  check_close("transposed", unit_rows(x.t().contiguous().t(), kEps), unit_rows(x, kEps), {.relative = 1e-6});
  check_close("every other", unit_rows(x.slice(0, 0, 40, 2), kEps), unit_rows(x, kEps).slice(0, 0, 40, 2), {.relative = 1e-6});
  const auto long_rows = x.slice(0, 5) * 1e25;  // of lengths whose squares are no floats
  check_close("long", unit_rows(long_rows.t().contiguous().t(), kEps), unit_rows(x.slice(0, 5), kEps), {.relative = 1e-6});
  for (const auto& embedding : embeddings()) {  // their slopes are those of short rows, as much smaller
    if (embedding.name.find("unit") == std::string::npos) continue;
    INFO(embedding.name);
    for (const bool create_graph : {false, true}) {
      const auto slope = [&](const Tensor& of) {
        const auto leaf = of.detach().clone().requires_grad_();
        const auto y = embedding.of(leaf);
        return torch::autograd::grad({(y * at::arange(y.size(1), y.options().requires_grad(false))).sum()}, {leaf}, {},
                                     /*retain_graph=*/true, create_graph)[0]
            .detach();
      };
      check_close("slopes", slope(long_rows) * 1e25, slope(x.slice(0, 5)), {.relative = 1e-4});
    }
  }
  check_close("long, in order", unit_rows(long_rows, kEps), unit_rows(x.slice(0, 5), kEps), {.relative = 1e-6});
  CHECK(unit_rows(at::empty({0, 5}), kEps).sizes() == at::IntArrayRef{0, 5});
  CHECK(unit_rows(at::empty({5, 0}), kEps).sizes() == at::IntArrayRef{5, 0});
}

TEST_CASE("NaN stays in its row, equal rows have equal bits") {
  auto x = rows().to(at::kFloat);
  x[7] = x[11].clone();
  x[9][2] = std::numeric_limits<float>::quiet_NaN();
  const auto unit = unit_rows(x, kEps);
  CHECK(at::equal(unit[7], unit[11]));
  CHECK(unit[9].isnan().all().item<bool>());
  CHECK(unit.isnan().sum().item<int64_t>() == 9);
}
