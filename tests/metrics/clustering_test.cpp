// Agreement of two labellings: scikit-learn's numbers, and what is true of any labels.

#include "idcl/metrics/clustering.hpp"
#include "metrics/golden.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using metrics::adjusted_mutual_information;
using metrics::normalized_mutual_information;

}  // namespace

TEST_CASE("golden mutual information, normalized and adjusted") {
  int seen = 0;
  for (const auto& c : metric_cases("clustering")) {
    const auto labels = labels_of(c.at("labels")), clusters = labels_of(c.at("clusters"));
    const std::string name = c.at("name");
    check_close(name + ", normalized", normalized_mutual_information(labels, clusters), c.at("normalized"), {1e-12, 1e-12});
    check_close(name + ", adjusted", adjusted_mutual_information(labels, clusters), c.at("adjusted"), {1e-10, 1e-12});
    ++seen;
  }
  CHECK(seen > 0);
}

TEST_CASE("neither names nor order nor sides matter") {
  Random random(1);
  const auto labels = random.integers(4, {40}), clusters = random.integers(6, {40}), order = random.permutation(40);
  for (const auto& score : {normalized_mutual_information, adjusted_mutual_information}) {
    const Tolerance rounding{1e-12, 1e-14};
    const auto value = score(labels, clusters);
    check_close("renamed", score(labels * -3 + 1, clusters.to(at::kByte)), value, rounding);
    check_close("shuffled", score(labels.index_select(0, order), clusters.index_select(0, order)), value, rounding);
    check_close("exchanged", score(clusters, labels), value, rounding);
    check_close("with itself", score(labels, labels + 5), 1, rounding);
  }
}

TEST_CASE("labellings by chance are adjusted to zero on average") {
  Random random(2);
  double adjusted = 0, normalized = 0;
  constexpr int repeats = 400;
  for (int r = 0; r < repeats; ++r) {
    const auto labels = random.integers(5, {60}), clusters = random.integers(8, {60});
    adjusted += adjusted_mutual_information(labels, clusters) / repeats;
    normalized += normalized_mutual_information(labels, clusters) / repeats;
  }
  CHECK(std::abs(adjusted) < 0.01);
  CHECK(normalized > 0.1);
}

TEST_CASE("labels that make no sense are refused by name") {
  const auto labels = at::arange(4);
  CHECK_THROWS_WITH(normalized_mutual_information(at::zeros({2, 2}, at::kLong), labels),
                    Contains("idcl::metrics::normalized_mutual_information: expected `labels` to be 1-D [N], but got [2, 2]"));
  CHECK_THROWS_WITH(normalized_mutual_information(Tensor(), labels),
                    Contains("expected `labels` to be 1-D [N], but got an undefined tensor"));
  CHECK_THROWS_WITH(adjusted_mutual_information(labels, at::arange(5)),
                    Contains("idcl::metrics::adjusted_mutual_information: expected `clusters` to be [4], one a row, but got [5]"));
  CHECK_THROWS_WITH(adjusted_mutual_information(labels.to(at::kFloat), labels),
                    Contains("expected `labels` to be integers, but got Float"));
}
