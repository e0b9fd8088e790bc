// Scores of retrieval: AccuracyCalculator's numbers, whole rankings, and what is true of any.

#include "idcl/metrics/retrieval.hpp"

#include "idcl/engine/workspace.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "metrics/golden.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/memory.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <cmath>
#include <limits>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using metrics::Retrieval;
using metrics::retrieval;

constexpr int64_t kMany = std::numeric_limits<int64_t>::max();

/// The scores as their definitions read, from whole rankings.
Retrieval ranked(const Tensor& query, const Tensor& labels, const Tensor& reference, const Tensor& reference_labels, bool includes) {
  const auto s = oracle::similarities(query, reference, /*cosine=*/false);
  const auto n = query.size(0);
  Retrieval result{at::zeros({n}, at::kLong), at::zeros({n}, at::kLong), at::zeros({n}, at::kDouble), at::zeros({n}, at::kDouble)};
  const auto order = oracle::nearest(s, kMany, includes);
  for (int64_t i = 0; i < n; ++i) {
    std::vector<bool> hit;
    for (const auto j : order[i]) hit.push_back(reference_labels[j].item<int64_t>() == labels[i].item<int64_t>());
    const auto relevant = std::count(hit.begin(), hit.end(), true);
    double found = 0, average = 0;
    for (int64_t k = 0; k < static_cast<int64_t>(hit.size()); ++k) {
      if (!hit[k]) continue;
      if (result.first_rank[i].item<int64_t>() == 0) result.first_rank[i] = k + 1;
      if (k < relevant) found += 1, average += found / static_cast<double>(k + 1);
    }
    result.relevant[i] = relevant;
    if (relevant > 0) result.precision_at_r[i] = found / relevant, result.average_precision_at_r[i] = average / relevant;
  }
  return result;
}

void check_equal(const Retrieval& actual, const Retrieval& expected) {
  CHECK(actual.relevant.equal(expected.relevant));
  CHECK(actual.first_rank.equal(expected.first_rank));
  check_close("precision at R", actual.precision_at_r, expected.precision_at_r, {1e-12, 1e-14});
  check_close("average precision at R", actual.average_precision_at_r, expected.average_precision_at_r, {1e-12, 1e-14});
}

}  // namespace

TEST_CASE("golden retrieval, at every tile size and type") {
  int seen = 0;
  for (const auto& c : metric_cases("retrieval")) {
    for (const auto type : {at::kDouble, at::kFloat}) {
      for (const int64_t side : {1, 3, 64}) {
        INFO(c.at("name").get<std::string>() << ", " << type << ", tiles of side " << side);
        metrics::RetrievalOptions options{.ref_includes_query = c.at("ref_includes_query"),
                                          .workspace_bytes = workspace_for(side, type == at::kDouble ? 8 : 4)};
        if (c.at("cosine").get<bool>()) options.similarity = similarity::Cosine{};
        const auto query = rows_of(c.at("query")).to(type), labels = labels_of(c.at("query_labels"));
        const auto scores = c.contains("reference") ? retrieval(query, labels, rows_of(c.at("reference")).to(type),
                                                                labels_of(c.at("reference_labels")), options)
                                                    : retrieval(query, labels, options);
        const auto& expected = c.at("expected");
        const Tolerance exact{1e-12, 0}, in_float{1e-6, 0};  // the reciprocal rank is averaged in float32 there
        check_close("precision at 1", scores.precision_at_1(), expected.at("precision_at_1"), exact);
        check_close("R-precision", scores.r_precision(), expected.at("r_precision"), exact);
        check_close("MAP@R", scores.mean_average_precision_at_r(), expected.at("mean_average_precision_at_r"), exact);
        check_close("reciprocal rank", scores.mean_reciprocal_rank(), expected.at("mean_reciprocal_rank"), in_float);
        for (const auto& [k, value] : expected.at("recall_at").items())
          check_close("recall at " + k, scores.recall_at(std::stoll(k)), value, exact);
        ++seen;
      }
    }
  }
  CHECK(seen > 0);
}

TEST_CASE("rankings with ties, by the inner product of whole numbers, whatever the tiles") {
  Random random(1);
  const auto whole = [&](int64_t n) { return (random.integers(5, {n, 3}) - 2).to(at::kDouble); };
  for (const int64_t classes : {1, 3, 30}) {
    const auto x = whole(23), y = whole(31), labels = random.integers(classes, {23}), y_labels = random.integers(classes, {31});
    const auto both = at::cat({x, y}), both_labels = at::cat({labels, y_labels});
    for (const int64_t side : {1, 4, 64}) {
      INFO(classes << " classes, tiles of side " << side);
      metrics::RetrievalOptions options{.similarity = similarity::Dot{}, .workspace_bytes = workspace_for(side, 8)};
      check_equal(retrieval(x, labels, options), ranked(x, labels, x, labels, true));
      check_equal(retrieval(x, labels, y, y_labels, options), ranked(x, labels, y, y_labels, false));
      options.ref_includes_query = true;
      check_equal(retrieval(x, labels, both, both_labels, options), ranked(x, labels, both, both_labels, true));
    }
  }
}

TEST_CASE("a query with nothing to find is left out, and none at all leaves no number") {
  const auto x = Random(2).normal({6, 3}), labels = at::tensor({0, 0, 1, 2, 2, 3}, at::kLong);
  const auto scores = retrieval(x, labels);
  CHECK(scores.relevant.equal(at::tensor({1, 1, 0, 1, 1, 0}, at::kLong)));
  CHECK(scores.recall_at(5) == 1);
  for (const auto& nothing :
       {retrieval(x, at::arange(6)), retrieval(x.narrow(0, 0, 1), labels.narrow(0, 0, 1)),
        retrieval(x.narrow(0, 0, 0), labels.narrow(0, 0, 0)), retrieval(x, labels, x.narrow(0, 0, 0), labels.narrow(0, 0, 0))}) {
    CHECK(std::isnan(nothing.precision_at_1()));
    CHECK(std::isnan(nothing.mean_average_precision_at_r()));
    CHECK(std::isnan(nothing.mean_reciprocal_rank()));
  }
}

TEST_CASE("a row of NaN ranks nowhere, and finds nothing") {
  auto x = Random(3).normal({8, 3});
  const auto labels = at::tensor({0, 0, 0, 0, 1, 1, 1, 1}, at::kLong);
  x[2].fill_(std::numeric_limits<double>::quiet_NaN());
  const auto scores = retrieval(x, labels);
  CHECK(scores.relevant.equal(at::full({8}, 3, at::kLong)));
  CHECK(scores.first_rank[2].item<int64_t>() == 0);
  CHECK(scores.average_precision_at_r[2].item<double>() == 0);
  CHECK(scores.mean(scores.first_rank.gt(0).to(at::kDouble)) == 7.0 / 8);
  const auto kept = at::tensor({0, 1, 3, 4, 5, 6, 7}, at::kLong);
  CHECK(scores.first_rank.index_select(0, kept).equal(retrieval(x.index_select(0, kept), labels.index_select(0, kept)).first_rank));
}

TEST_CASE("no gradient is needed, none is left") {
  const auto x = Random(4).normal({12, 3}).requires_grad_(), labels = Random(5).integers(3, {12});
  CHECK(retrieval(x, labels).precision_at_1() == retrieval(x.detach(), labels).precision_at_1());
  CHECK_FALSE(retrieval(x, labels).precision_at_r.requires_grad());
}

TEST_CASE("what makes no sense is refused by name") {
  const auto x = Random(6).normal({4, 3}), labels = at::arange(4);
  CHECK_THROWS_WITH(retrieval(at::zeros({4}), labels),
                    Contains("idcl::metrics::retrieval: expected `query` to be 2-D [N, D], but got [4]"));
  CHECK_THROWS_WITH(retrieval(x, labels.narrow(0, 0, 3)), Contains("expected `query_labels` to be [4], one a row, but got [3]"));
  CHECK_THROWS_WITH(retrieval(x, labels, at::zeros({4, 2}, at::kDouble), labels),
                    Contains("expected `reference` to be [M, 3] as `query` is, but got [4, 2]"));
  CHECK_THROWS_WITH(retrieval(x, labels, x, labels.to(at::kDouble)),
                    Contains("expected `reference_labels` to be integers, but got Double"));
  CHECK_THROWS_WITH(retrieval(x, labels, x.narrow(0, 0, 3), labels.narrow(0, 0, 3), {.ref_includes_query = true}),
                    Contains("expected `reference` to begin with the 4 queries, but got 3 rows"));
  CHECK_THROWS_WITH(retrieval(x, labels, {.workspace_bytes = 0}), Contains("expected `workspace_bytes` > 0, but got 0"));
  CHECK_THROWS_WITH(retrieval(x, labels).recall_at(0), Contains("idcl::metrics::Retrieval::recall_at: expected `k` >= 1, but got 0"));
}

TEST_CASE("memory grows with the rows, not with their square, also where all are of one class") {
  const auto peak = [](int64_t n, bool one_class) {
    const auto x = Random(8).normal({n, 64}, at::kFloat), labels = one_class ? at::zeros({n}, at::kLong) : at::arange(n).floor_divide(4);
    release_workspace();
    const Memory memory;
    retrieval(x, labels, {.workspace_bytes = 64 << 10});
    release_workspace();
    return static_cast<double>(memory.peak());
  };
  for (const bool one_class : {false, true}) {
    INFO((one_class ? "one class" : "classes of four"));
    CHECK(peak(512, one_class) < 2.2 * peak(256, one_class));
  }
}
