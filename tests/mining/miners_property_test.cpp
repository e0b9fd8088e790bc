// What holds for every miner: no gradient, refusals, NaN, types, strides, memory.

#include "mining/miners.hpp"

#include "idcl/engine/workspace.hpp"
#include "idcl/mining/angular.hpp"
#include "idcl/mining/batch_easy_hard.hpp"
#include "idcl/mining/batch_hard.hpp"
#include "idcl/mining/hdc.hpp"
#include "idcl/mining/pair_margin.hpp"
#include "idcl/mining/triplet_margin.hpp"
#include "support/catch.hpp"
#include "support/memory.hpp"
#include "support/modes.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <limits>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using nlohmann::json;

constexpr int64_t kWorkspace = int64_t{1} << 20;
const json kDefaults = json::object();

}  // namespace

TEST_CASE("a miner needs no gradient and leaves none") {
  Random random(1);
  const auto x = random.normal({20, 4}).requires_grad_(), labels = random.integers(4, {20});
  for (const auto& subject : miners()) {
    INFO(subject.name);
    CHECK(subject.mine({x, labels}, kDefaults, kWorkspace) == subject.mine({x.detach(), labels}, kDefaults, kWorkspace));
  }
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(mining::batch_hard(x, labels).anchor.requires_grad());
}

TEST_CASE("rows of any stride and labels of any width mean the same, and autocast rounds nothing") {
  Random random(2);
  const auto x = random.normal({18, 5}), labels = random.integers(3, {18});
  const auto strided = x.t().contiguous().t();
  const auto float_rows = x.to(at::kFloat);
  for (const auto& subject : miners()) {
    INFO(subject.name);
    const auto expected = subject.mine({x, labels}, kDefaults, kWorkspace);
    CHECK(subject.mine({strided, labels.to(at::kByte)}, kDefaults, kWorkspace) == expected);
    const auto in_float = subject.mine({float_rows, labels}, kDefaults, kWorkspace);
    const Autocast autocast(at::kBFloat16);
    CHECK(subject.mine({float_rows, labels}, kDefaults, kWorkspace) == in_float);
  }
}

TEST_CASE("half and bfloat16 rows are compared in float32") {
  Random random(3);
  const auto x = random.normal({18, 5}, at::kBFloat16), labels = random.integers(3, {18});
  for (const auto& subject : miners()) {
    INFO(subject.name);
    CHECK(subject.mine({x, labels}, kDefaults, kWorkspace) == subject.mine({x.to(at::kFloat), labels}, kDefaults, kWorkspace));
  }
}

TEST_CASE("a row of NaN is nobody's pair, and the others are mined as without it") {
  Random random(4);
  const int64_t n = 17, lost = 5;
  const auto x = random.normal({n, 4}), labels = random.integers(3, {n});
  auto broken = x.clone();
  broken[lost].fill_(std::numeric_limits<double>::quiet_NaN());
  const auto kept = at::cat({at::arange(lost), at::arange(lost + 1, n)});
  const auto back = [&](int64_t i) { return kept[i].item<int64_t>(); };
  for (const auto& subject : miners()) {
    for (const int64_t side : {3, 64}) {
      INFO(subject.name << ", tiles of side " << side);
      if (subject.name == "hdc") continue;  // a share of all pairs, those of the lost row among them
      auto expected = subject.mine({x.index_select(0, kept), labels.index_select(0, kept)}, kDefaults, kWorkspace);
      for (auto* pairs : {&expected.positives, &expected.negatives})
        for (auto& pair : *pairs) pair = {back(pair[0]), back(pair[1])};
      for (auto& triplet : expected.triplets) triplet = {back(triplet[0]), back(triplet[1]), back(triplet[2])};
      CHECK(subject.mine({broken, labels}, kDefaults, workspace_for(side, 8)) == expected);
    }
  }
  const auto share = mining::hdc(broken, labels, {.filter_percentage = 1});
  for (const auto& indices : {share.anchor_pos, share.positive, share.anchor_neg, share.negative})
    CHECK(indices.ne(lost).all().item<bool>());
}

TEST_CASE("an angle is measured between unit rows where that is asked for") {
  Random random(5);
  const auto x = random.normal({14, 4}), labels = random.integers(3, {14});
  const auto unit = x / x.norm(2, 1, true);
  CHECK(found(mining::angular(x, labels, {.normalize = true})) == found(mining::angular(unit, labels)));
  CHECK_FALSE(found(mining::angular(x, labels)) == found(mining::angular(unit, labels)));
}

TEST_CASE("what makes no sense is refused by name") {
  const auto x = Random(6).normal({6, 3}), labels = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  CHECK_THROWS_WITH(mining::batch_hard(at::zeros({6}), labels),
                    Contains("idcl::mining::batch_hard: expected `embeddings` to be 2-D [N, D], but got [6]"));
  CHECK_THROWS_WITH(mining::batch_hard(x, labels.to(at::kDouble)),
                    Contains("idcl::mining::batch_hard: expected `labels` to be integers, but got Double"));
  CHECK_THROWS_WITH(mining::batch_hard(x, labels.narrow(0, 0, 5)), Contains("expected `labels` to be [6], one a row, but got [5]"));
  CHECK_THROWS_WITH(mining::batch_hard(x, labels, Tensor(), labels),
                    Contains("expected `ref_embeddings` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(mining::batch_hard(x, labels, at::zeros({4, 2}, at::kDouble), labels),
                    Contains("expected `ref_embeddings` to be [M, 3] as `embeddings` is"));
  CHECK_THROWS_WITH(mining::batch_hard(x, labels, x, Tensor()),
                    Contains("expected `ref_labels` to be a tensor [N], but got an undefined tensor"));
  CHECK_THROWS_WITH(mining::batch_hard(x, labels, {.workspace_bytes = 0}),
                    Contains("idcl::mining::batch_hard: expected `workspace_bytes` > 0, but got 0"));
  using mining::Strategy;
  for (const auto other : {Strategy::SemiHard, Strategy::All}) {
    CHECK_THROWS_WITH(mining::batch_easy_hard(x, labels, {.pos_strategy = Strategy::SemiHard, .neg_strategy = other}),
                      Contains("idcl::mining::batch_easy_hard: expected Strategy::SemiHard beside Strategy::Easy or Hard"));
    CHECK_THROWS_WITH(mining::batch_easy_hard(x, labels, {.pos_strategy = other, .neg_strategy = Strategy::SemiHard}),
                      Contains("but got it beside SemiHard or All"));
  }
  CHECK_THROWS_WITH(mining::batch_easy_hard(x, labels, {.allowed_pos_range = {1, 0.5}}),
                    Contains("expected `allowed_pos_range` to have low <= high, but got [1, 0.5]"));
  CHECK_THROWS_WITH(mining::batch_easy_hard(x, labels, {.allowed_neg_range = {1, 0.5}}),
                    Contains("expected `allowed_neg_range` to have low <= high"));
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(mining::triplet_margin(x, labels, {.margin = infinity}),
                    Contains("idcl::mining::triplet_margin: expected `margin` to be finite, but got inf"));
  CHECK_THROWS_WITH(mining::pair_margin(x, labels, {.neg_margin = infinity}),
                    Contains("idcl::mining::pair_margin: expected `neg_margin` to be finite"));
  CHECK_THROWS_WITH(mining::angular(x, labels, {.angle = 90}),
                    Contains("idcl::mining::angular: expected `angle` within [0, 90) degrees, but got 90"));
  CHECK_THROWS_WITH(mining::hdc(x, labels, {.filter_percentage = 0}),
                    Contains("idcl::mining::hdc: expected `filter_percentage` within (0, 1], but got 0"));
}

TEST_CASE("memory grows with the rows, not with their square") {
  // classes of four, a workspace of 64 KiB, and options with which little is found
  const std::vector<std::pair<std::string, json>> subjects{
      {"angular", {{"angle", 89.9}}},
      {"batch_easy_hard", kDefaults},
      {"batch_hard", kDefaults},
      {"hdc", {{"filter_percentage", 1e-4}}},
      {"multi_similarity", {{"epsilon", -1.5}}},
      {"pair_margin", {{"neg_margin", 0.0}}},
      {"triplet_margin", {{"margin", -1.5}}},
  };
  REQUIRE(subjects.size() == miners().size());
  const auto peak = [](const std::string& name, const json& options, int64_t n) {
    const auto x = Random(8).normal({n, 64}, at::kFloat), labels = at::arange(n).floor_divide(4);
    release_workspace();
    const Memory memory;
    miner(name).mine({x, labels}, options, 64 << 10);
    release_workspace();
    return static_cast<double>(memory.peak());
  };
  for (const auto& [name, options] : subjects) {
    const auto half = peak(name, options, 512), whole = peak(name, options, 1024);
    INFO(name << ": " << half / 1024 << " KiB, then " << whole / 1024 << " KiB");
    CHECK(whole < 2.2 * half);
    CHECK(whole < 1024 * 1024 * 4 / 2);  // half of the matrix of similarities
  }
}
