// Every loss and option against loops over its definition: sizes at the edges of tiles, strides, ties, and what has no pair.

#include "losses/subjects.hpp"
#include "support/compare.hpp"

#include <sstream>

namespace {

using namespace idcl::test;

constexpr int64_t kSide = 4;

std::string name_of(const Subject& subject, const std::string& what, const Setting& setting) {
  std::ostringstream name;
  name << subject.name << ", " << what << ", " << setting;
  return name.str();
}

/// Rows of the loss against the loops, for both evaluators.
void check_rows(const Subject& subject, const std::string& what, const Batch& batch, double temperature) {
  const auto rows = expected(subject, batch, {.reduction = torch::kNone, .temperature = temperature});
  const auto tolerance = tolerances(batch.x.scalar_type(), temperature).loss;
  for (const auto& setting : {dense(), streaming(kSide)})
    check_close(name_of(subject, what, setting), subject.loss(batch, {setting, torch::kNone, temperature}), rows, tolerance);
}

void check_rows(const std::string& what, const Batch& batch, double temperature = 0.1) {
  for (const auto& subject : subjects()) check_rows(subject, what, batch, temperature);
}

}  // namespace

TEST_CASE("losses equal their definitions at sizes around the edges of tiles") {
  for (const int64_t n : {1, 2, 3, 4, 5, 8, 9, 13})
    for (const int64_t d : {1, 5}) check_rows(std::to_string(n) + " rows of " + std::to_string(d), random_batch(n, d, n));
}

TEST_CASE("losses equal their definitions around the tiles of the default workspace") {
  for (const int64_t n : {127, 128, 129, 257}) {
    const auto batch = random_batch(n, 6, n);
    for (const auto& subject : subjects()) {
      const auto value = expected(subject, batch, {});
      for (const auto& setting : {dense(), streaming(), Setting{idcl::Evaluator::Auto}})
        check_close(name_of(subject, std::to_string(n) + " rows", setting), subject.loss(batch, {setting}), value,
                    tolerances(at::kDouble).loss);
    }
  }
}

TEST_CASE("losses equal their definitions in every reduction") {
  const auto batch = random_batch(11, 4);
  for (const auto& subject : subjects())
    for (const idcl::reduction_t& reduction :
         {idcl::reduction_t(torch::kMean), idcl::reduction_t(torch::kSum), idcl::reduction_t(torch::kNone)})
      for (const auto& setting : {dense(), streaming(kSide)})
        check_close(name_of(subject, "reduced", setting), subject.loss(batch, {setting, reduction}),
                    expected(subject, batch, {{}, reduction}), tolerances(at::kDouble).loss);
}

TEST_CASE("losses equal their definitions at extreme temperatures") {
  for (const double temperature : {0.005, 0.02, 100.0})
    check_rows("temperature " + std::to_string(temperature), random_batch(9, 5, 3), temperature);
}

TEST_CASE("losses equal their definitions in float32") {
  for (const int64_t n : {1, 5, 9, 40})
    for (const double temperature : {0.05, 100.0})
      for (const auto& subject : subjects())
        check_rows(subject, std::to_string(n) + " float32 rows", random_batch(n, 8, n, at::kFloat), temperature);
}

TEST_CASE("losses take inputs of any stride") {
  Random random(1);
  const auto labels = random.integers(3, {22});
  const auto batch = random_batch(11, 5, 2);
  const auto every_other = [&] { return random.normal({22, 10}).slice(0, 0, 22, 2).slice(1, 1, 10, 2); };
  check_rows("transposed rows", {random.normal({5, 11}).t(), random.normal({5, 11}).t(), batch.x_labels, batch.y_labels});
  check_rows("every other row, column and label", {every_other(), every_other(), labels.slice(0, 0, 22, 2), labels.slice(0, 1, 22, 2)});
  check_rows("one row, expanded", {random.normal({1, 5}).expand({11, 5}), batch.y, batch.x_labels, batch.y_labels[0].expand({11})});
}

TEST_CASE("equal rows tie to the lowest index") {
  Random random(2);
  // Rows whose products are exact: of others a BLAS may round equal ones differently, and then they do not tie.
  const auto few = at::constant_pad_nd((random.integers(2, {4, 4}) * 2 - 1).to(at::kDouble), {0, 1});  // of +1 and -1, length 2
  const auto again = [&] { return few.index_select(0, random.integers(4, {13})); };
  const auto labels = random.integers(3, {13});
  check_rows("duplicates", {random.normal({13, 5}), again(), labels, labels});
  check_rows("duplicates in both", {again(), again(), labels, labels});
  check_rows("all rows equal", {random.normal({13, 5}), few[0].expand({13, 5}), labels, labels});
  check_rows("one set twice", {few, few, labels.narrow(0, 0, 4), labels.narrow(0, 0, 4)});
}

TEST_CASE("rows of zeros have similarity zero") {
  auto batch = random_batch(10, 5, 4);
  batch.x.narrow(0, 3, 2).zero_();
  batch.y.narrow(0, 6, 3).zero_();
  check_rows("some zero rows", batch);
  check_rows("all rows zero", {at::zeros_like(batch.x), at::zeros_like(batch.y), batch.x_labels, batch.y_labels});
}

TEST_CASE("classes of everything and of one") {
  auto batch = random_batch(9, 5, 5);
  const auto same = at::zeros({9}, at::kLong), distinct = at::arange(9, at::kLong);
  check_rows("one class", {batch.x, batch.y, same, same});
  check_rows("classes of one", {batch.x, batch.y, distinct, distinct});
  check_rows("no class on both sides", {batch.x, batch.y, distinct, distinct + 9});
  check_rows("negative and large labels",
             {batch.x, batch.y, distinct.remainder(2) * -(int64_t{1} << 60), distinct.remainder(3) * -(int64_t{1} << 60)});
}

TEST_CASE("a batch without a pair is a zero attached to the graph") {
  for (const int64_t n : {0, 1}) {
    for (const auto& subject : subjects()) {
      for (const auto& setting : {dense(), streaming(kSide), streaming(), Setting{idcl::Evaluator::Auto}}) {
        for (const auto type : {at::kDouble, at::kFloat}) {
          auto batch = random_batch(n, 5, 1, type);
          batch.x.requires_grad_();
          batch.y.requires_grad_();
          if (n == 1) batch.y_labels = batch.x_labels + 1;  // no pair across the sets either
          const auto loss = subject.loss(batch, {setting});
          INFO(name_of(subject, std::to_string(n) + " rows", setting));
          REQUIRE(loss.requires_grad());
          CHECK(loss.dim() == 0);
          CHECK(loss.item<double>() == 0);
          loss.backward();
          CHECK(largest(or_zeros(batch.x.grad(), batch.x)) == 0);
          CHECK(largest(or_zeros(batch.y.grad(), batch.y)) == 0);
          CHECK(subject.loss(batch, {setting, torch::kNone}).sizes() == at::IntArrayRef{n});
        }
      }
    }
  }
}
