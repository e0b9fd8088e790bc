#include "idcl/reduction/reduction.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

using at::Tensor;
namespace reduction = idcl::reduction;

const Tensor loss = at::tensor({1.0, 0.0, 5.0, 0.0}, at::kDouble);
const Tensor terms = at::tensor({1.0, 0.0, 2.0, 1.0}, at::kDouble);  // a row without a term, one with two, one whose term is zero

double value(const Tensor& x) { return x.item<double>(); }

}  // namespace

TEST_CASE("the mean divides by the number of terms") {
  CHECK(value(reduction::Mean{}(loss, terms)) == 1.5);
  CHECK(reduction::Mean{}(loss, terms).dim() == 0);
}

TEST_CASE("the mean of non-zero terms leaves those at zero out") { CHECK(value(reduction::MeanNonZero{}(loss, terms)) == 2); }

TEST_CASE("the mean per anchor is over rows that have a term") {
  CHECK(value(reduction::MeanPerAnchor{}(loss, terms)) == (1 + 2.5 + 0) / 3);
}

TEST_CASE("the mean within thresholds takes rows by their mean term, both ends left out") {
  CHECK(value(reduction::Threshold{}(loss, terms)) == value(reduction::MeanNonZero{}(loss, terms)));
  CHECK(value(reduction::Threshold{.low = 1}(loss, terms)) == 2.5);
  CHECK(value(reduction::Threshold{.high = 2.5}(loss, terms)) == 1);
  CHECK(value(reduction::Threshold{.low = -1, .high = 2.5}(loss, terms)) == 0.5);
  CHECK(value(reduction::Threshold{.low = 3}(loss, terms)) == 0);
}

TEST_CASE("classes weigh their anchors' terms, and the mean divides by their number") {
  const auto labels = at::tensor({2, 0, 1, 2}, at::kInt);
  const auto weighted = [&](const Tensor& weights) { return value(reduction::ClassWeighted{weights}(loss, terms, labels)); };
  CHECK(weighted(at::tensor({7.0, 0.5, 3.0}, at::kDouble)) == (3 * 1 + 0.5 * 5) / 4);
  CHECK(weighted(at::ones({3}, at::kFloat)) == value(reduction::Mean{}(loss, terms)));
}

TEST_CASE("terms need not be whole") {
  const auto weights = at::tensor({0.25, 0.0, 0.25, 0.0}, at::kDouble);
  CHECK(value(reduction::Mean{}(loss, weights)) == 12);
  CHECK(value(reduction::MeanPerAnchor{}(loss, weights)) == (4 + 20) / 2.0);
  CHECK(value(reduction::Threshold{.high = 5}(loss, weights)) == 4);
}

TEST_CASE("a reduction says what it lacks") {
  using Catch::Contains;
  const auto weighted = [](const Tensor& weights, const Tensor& labels) { return reduction::ClassWeighted{weights}(loss, terms, labels); };
  const auto labels = at::tensor({2, 0, 1, 2}, at::kLong), weights = at::ones({3}, at::kDouble);
  CHECK_THROWS_WITH((reduction::ClassWeighted{weights}(loss, terms)),
                    Contains("idcl::reduction::ClassWeighted: expected labels to weight the anchors by"));
  CHECK_THROWS_WITH(weighted(weights, {}),
                    Contains("idcl::reduction::ClassWeighted: expected labels to weight the anchors by, but got none"));
  CHECK_THROWS_WITH(weighted({}, labels), Contains("expected `weights` to be floating [C], one a class, but got an undefined tensor"));
  CHECK_THROWS_WITH(weighted(at::ones({3}, at::kLong), labels),
                    Contains("expected `weights` to be floating [C], one a class, but got Long [3]"));
  CHECK_THROWS_WITH(weighted(at::ones({3, 1}), labels), Contains("but got Float [3, 1]"));
  CHECK_THROWS_WITH(weighted(at::empty({3}, at::kMeta), labels), Contains("expected `weights` on cpu as the labels are, but got meta"));
  CHECK_THROWS_WITH(weighted(at::ones({2}), labels), Contains("expected labels within [0, 2), the classes of `weights`, but got 2"));
  CHECK_THROWS_WITH(weighted(weights, labels - 1), Contains("expected labels within [0, 3), the classes of `weights`, but got -1"));
  CHECK_THROWS_WITH((reduction::Threshold{.low = 2, .high = 2}(loss, terms)),
                    Contains("idcl::reduction::Threshold: expected `low` < `high`, but got 2 and 2"));
}

TEST_CASE("the sum adds all terms") { CHECK(value(reduction::Sum{}(loss, terms)) == 6); }

TEST_CASE("none gives each row's own terms") { CHECK(reduction::None{}(loss, terms).equal(loss)); }

TEST_CASE("parts have a mean each, and are added") {
  const auto two = at::stack({loss, loss * 2}, 1), counts = at::stack({terms, at::ones({4}, at::kDouble)}, 1);
  CHECK(value(reduction::Mean{}(two, counts)) == 1.5 + 3);
  CHECK(value(reduction::Sum{}(two, counts)) == 18);
  CHECK(reduction::None{}(two, counts).equal(loss * 3));
  CHECK(value(reduction::MeanPerAnchor{}(two, counts)) == (1 + 2.5 + 0) / 3 + 3);
  CHECK(value(reduction::Threshold{.high = 2.2}(two, counts)) == 1 + 2);
  const auto weights = at::tensor({0.0, 1.0}, at::kDouble), labels = at::tensor({0, 1, 1, 1}, at::kLong);
  CHECK(value(reduction::ClassWeighted{weights}(two, counts, labels)) == 5 / 4.0 + 10 / 4.0);
}

TEST_CASE("without a term there is a zero, attached to the graph") {
  const auto check = [](const auto& reduce, int64_t n) {
    const auto rows = at::zeros({n}, at::kDouble).requires_grad_();
    const auto result = reduce(rows, at::zeros({n}, at::kDouble));
    CHECK(result.requires_grad());
    CHECK(result.sum().template item<double>() == 0);
    result.sum().backward();
    CHECK(rows.grad().isfinite().all().template item<bool>());
  };
  for (const int64_t n : {0, 3}) {
    check(reduction::Mean{}, n);
    check(reduction::MeanNonZero{}, n);
    check(reduction::MeanPerAnchor{}, n);
    check(reduction::Threshold{}, n);
    check([&](const Tensor& rows,
              const Tensor& none) { return reduction::ClassWeighted{at::ones({1})}(rows, none, at::zeros({n}, at::kLong)); },
          n);
    check(reduction::Sum{}, n);
    check(reduction::None{}, n);
  }
}

TEST_CASE("NaN stays NaN") {
  const auto rows = at::tensor({1.0, std::numeric_limits<double>::quiet_NaN()}, at::kDouble), one_each = at::ones({2}, at::kDouble);
  CHECK(reduction::Mean{}(rows, one_each).isnan().item<bool>());
  CHECK(reduction::MeanNonZero{}(rows, one_each).isnan().item<bool>());
  CHECK(reduction::MeanPerAnchor{}(rows, one_each).isnan().item<bool>());
  CHECK(reduction::Threshold{.high = 3}(rows, one_each).isnan().item<bool>());
  CHECK(reduction::ClassWeighted{one_each}(rows, one_each, at::zeros({2}, at::kLong)).isnan().item<bool>());
  CHECK(reduction::Sum{}(rows, one_each).isnan().item<bool>());
}

TEST_CASE("float32 rows are reduced in one call as others are by operators: values, slopes and curvatures") {
  idcl::test::Random random(31);
  for (const bool parts : {false, true}) {
    const std::vector<int64_t> shape = parts ? std::vector<int64_t>{9, 2} : std::vector<int64_t>{9};
    auto rows = random.normal(shape), numbers = random.integers(4, shape).to(at::kDouble);
    rows[3].zero_();
    numbers[5].zero_();
    for (const auto& [name, reduce] : std::vector<std::pair<std::string, std::function<Tensor(const Tensor&, const Tensor&)>>>{
             {"mean", reduction::Mean{}}, {"mean of non-zero", reduction::MeanNonZero{}}}) {
      const auto derivatives = [&](at::ScalarType type) {
        const auto x = rows.to(type).clone().requires_grad_();
        const auto value = reduce(x * x * x, numbers.to(type));
        const auto slope = torch::autograd::grad({value}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
        return std::vector<Tensor>{value, slope, torch::autograd::grad({slope.cos().sum()}, {x})[0]};
      };
      const auto plain = derivatives(at::kFloat), exact = derivatives(at::kDouble);
      for (const std::size_t k : {0, 1, 2})
        idcl::test::check_close(name + ", derivative " + std::to_string(k), plain[k], exact[k], {1e-6, 1e-7});
    }
    const auto none = rows.to(at::kFloat).requires_grad_();
    const auto value = reduction::MeanNonZero{}(-none.square(), at::ones_like(none).detach());
    value.backward();
    CHECK(value.item<float>() == 0);
    CHECK(none.grad().abs().max().item<float>() == 0);
  }
}
