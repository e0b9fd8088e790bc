// Who the positives are when it is not the neighbours in the features: tables over the dialogs of a stage, and what a batch makes of them.

#include "support/catch.hpp"

#include "tiny.hpp"
#include "train/batches.hpp"
#include "train/objective.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <idcl/losses/idcl.hpp>
#include <idcl/mining/distances.hpp>
#include <idcl/mining/exclude_near.hpp>
#include <idcl/mining/soft_weights.hpp>
#include <idcl/objective/sup_con.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

using namespace merc;
using Catch::Matchers::Contains;

namespace {

const std::vector<std::string> all_splits{"train", "dev", "test"};

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A table of few values, so that there are ties, symmetric with a zero diagonal.
Tensor tied_table(int64_t size) {
  const auto table = at::randint(1, 6, {size, size}).to(at::kFloat) / 6;
  return ((table + table.t()) / 2).fill_diagonal_(0);
}

Tensor numbers(std::initializer_list<int64_t> values) { return at::tensor(std::vector<int64_t>(values), at::kLong); }

std::vector<Tensor> two_views(int64_t dialogs) {
  return {at::randn({dialogs, 5}, at::kDouble).requires_grad_(), at::randn({dialogs, 5}, at::kDouble).requires_grad_()};
}

}  // namespace

TEST_CASE("no label of dev or test is ever mined by", "[mining][leak]") {
  auto data = tiny::corpus();
  std::ranges::fill(data.splits["train"].dialogs[2].labels, -1);
  const auto sequences = minable(data, {"dev", "train", "test"});
  REQUIRE(sequences.size() == 4 + 12 + 5);
  for (std::size_t i = 0; i < sequences.size(); ++i) CHECK(sequences[i].empty() == (i < 4 || i == 4 + 2 || i >= 4 + 12));

  for (const auto& measure : trajectory_measures()) {
    INFO(measure.name);
    const auto table = trajectory_table(data, all_splits, measure);
    REQUIRE(table.sizes() == at::IntArrayRef{21, 21});
    for (int64_t i = 0; i < 21; ++i)
      for (int64_t j = 0; j < 21; ++j) {
        const bool usable = i < 12 && j < 12 && i != 2 && j != 2;
        CHECK(std::isfinite(table[i][j].item<float>()) == usable);
      }
    auto other = data;
    for (const auto* split : {"dev", "test"})
      for (auto& dialog : other.splits[split].dialogs)
        for (auto& label : dialog.labels) label = (label + 1) % 3;
    CHECK(trajectory_table(other, all_splits, measure).equal(table));
    for (auto& dialog : other.splits["train"].dialogs) std::ranges::fill(dialog.labels, 0);
    CHECK_FALSE(trajectory_table(other, all_splits, measure).equal(table));
  }
}

TEST_CASE("the table holds the measure's distances", "[mining]") {
  const auto data = tiny::corpus();
  for (const auto& measure : trajectory_measures()) {
    const auto expected = measure.distances(minable(data, {"train"}), data.classes);
    const auto table = trajectory_table(data, {"train"}, measure);
    for (int64_t i = 0; i < 12; ++i)
      for (int64_t j = 0; j < 12; ++j) CHECK(table[i][j].item<float>() == static_cast<float>(expected(i, j)));
  }
  auto bare = data;
  for (auto& dialog : bare.splits["train"].dialogs) std::ranges::fill(dialog.labels, -1);
  CHECK_THROWS_AS(trajectory_table(bare, {"train"}, trajectory_measures().front()), DataError);
  CHECK_THROWS_WITH(trajectory_table(bare, {"train"}, trajectory_measures().front()),
                    Contains("tiny: no training dialog has labels to mine by"));
}

TEST_CASE("kept distances serve the same data, dialogs and measure, and nobody else", "[mining][cache]") {
  const auto data = tiny::corpus();
  const tiny::Folder folder("cache");
  const auto& measure = trajectory_measures().front();
  const DistanceCache cache{folder.path() / "distances.bin", "data-1"};
  const auto table = trajectory_table(data, {"train"}, measure, cache);
  const auto kept = content(cache.file);
  REQUIRE_FALSE(kept.empty());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK(trajectory_table(data, {"train"}, measure, cache).equal(table));

  // A mark on what is kept shows whether it was read.
  const auto marked = [&] {
    auto bytes = kept;
    bytes[kept.find('\n') + 1 + 4] ^= 0x40;  // the distance of the first dialog from the second
    std::ofstream(cache.file, std::ios::binary) << bytes;
  };
  marked();
  CHECK_FALSE(trajectory_table(data, {"train"}, measure, cache).equal(table));

  const auto measured_anew = [&](const Corpus& corpus, const TrajectoryMeasure& by, const std::string& fingerprint) {
    const auto found = trajectory_table(corpus, {"train"}, by, {cache.file, fingerprint});
    CHECK(found.equal(trajectory_table(corpus, {"train"}, by)));
    CHECK(trajectory_table(corpus, {"train"}, by, {cache.file, fingerprint}).equal(found));
  };
  marked();
  measured_anew(data, measure, "data-2");
  marked();
  measured_anew(data, trajectory_measure("histogram"), "data-1");
  marked();
  auto changed_options = measure;
  changed_options.options = "5 segments, Hellinger";
  measured_anew(data, changed_options, "data-1");
  marked();
  auto fewer = data;  // another dev split of the same data has the same fingerprint
  fewer.splits["dev"].dialogs.push_back(fewer.splits["train"].dialogs.back());
  fewer.splits["train"].dialogs.pop_back();
  measured_anew(fewer, measure, "data-1");
  for (const auto& damaged : {kept.substr(0, kept.size() - 1), kept + "x", kept.substr(0, 7), std::string()}) {
    std::ofstream(cache.file, std::ios::binary) << damaged;
    measured_anew(data, measure, "data-1");
    CHECK(content(cache.file) == kept);
  }
}

TEST_CASE("random distances are symmetric and of their seed alone", "[mining]") {
  const auto table = random_table(9, 4);
  CHECK(table.equal(table.t()));
  CHECK(table.equal(random_table(9, 4)));
  CHECK_FALSE(table.equal(random_table(9, 5)));
  CHECK(table.equal(random_table(12, 4).narrow(0, 0, 9).narrow(1, 0, 9)));
  CHECK(table.ge(0).all().item<bool>());
  CHECK(table.lt(1).all().item<bool>());
}

TEST_CASE("batches say which dialogs they hold", "[mining]") {
  const auto data = tiny::corpus();
  std::vector<const Dialog*> dialogs;
  for (const auto& dialog : data.train().dialogs) dialogs.push_back(&dialog);
  for (const int64_t size : {0, 5}) {
    const Batches batches(dialogs, {.architecture = {.modalities = {"text"}}, .widths = {}}, {.batch_size = size}, Pooling::Masked,
                          at::kCPU);
    std::vector<int64_t> seen;
    batches.for_each(3, [&](const Batch& batch) {
      REQUIRE(batch.dialogs.size(0) == static_cast<int64_t>(batch.layout.spans.size()));
      for (int64_t i = 0; i < batch.dialogs.size(0); ++i) {
        const auto number = batch.dialogs[i].item<int64_t>();
        seen.push_back(number);
        const auto& labels = dialogs[number]->labels;
        const auto rows = batch.labels.narrow(0, batch.layout.spans[i].first, static_cast<int64_t>(labels.size()));
        CHECK(rows.equal(at::tensor(std::vector<int64_t>(labels.begin(), labels.end()), at::kLong)));
      }
    });
    std::ranges::sort(seen);
    std::vector<int64_t> everybody(dialogs.size());
    for (std::size_t i = 0; i < everybody.size(); ++i) everybody[i] = static_cast<int64_t>(i);
    CHECK(seen == everybody);
  }
}

TEST_CASE("positives of a table are the nearest of the batch and the bank, in every modality", "[mining]") {
  const auto table = tied_table(20);
  const auto pooled = two_views(6), old = two_views(4);
  const auto batch = numbers({7, 3, 19, 0, 11, 4}), before = numbers({2, 7, 15, 9});  // 7 is in the bank too: an older self
  MemoryBank bank(8);
  bank.push({old[0], old[1], before});
  const auto all = at::cat({batch, before});
  const auto d = table.index_select(0, all).index_select(1, all);

  for (const double nearer_than : {0., 0.3})
    for (const auto weights : {Weights::Hard, Weights::Soft}) {
      INFO(nearer_than << (weights == Weights::Soft ? " soft" : " hard"));
      Objective objective{.num_neighbors = 3, .temperature = 0.3};
      objective.mining = {.positives = table, .trajectories = table, .weights = weights, .sigma = 0.2, .exclude_near = nearer_than};
      const auto value = contrast(pooled, bank, objective, batch);
      Tensor expected = at::zeros({}, at::kDouble);
      for (int m = 0; m < 2; ++m) {
        const auto rows = at::cat({pooled[m], old[m].detach()});
        const auto s = at::mm(rows, rows.t()) / (rows.norm(2, {1}, true) * rows.norm(2, {1}, true).t()) / 0.3;
        for (int64_t i = 0; i < 6; ++i) {  // anchors: the batch
          std::vector<int64_t> order;
          for (int64_t j = 0; j < 10; ++j)
            if (j != i) order.push_back(j);
          std::ranges::stable_sort(order, {}, [&](int64_t j) { return d[i][j].item<float>(); });
          auto everything = at::zeros({}, at::kDouble), positive = everything, weighted = everything;
          double whole = 0;
          for (std::size_t rank = 0; rank < order.size(); ++rank) {
            const auto j = order[rank];
            const double distance = d[i][j].item<float>();
            if (rank >= 3 && distance < nearer_than) continue;  // spared
            everything = everything + s[i][j].exp();
            if (rank >= 3) continue;
            positive = positive + s[i][j].exp();
            weighted = weighted + std::exp(-distance / 0.2) * s[i][j];
            whole += std::exp(-distance / 0.2);
          }
          expected = expected + (weights == Weights::Soft ? everything.log() - weighted / whole : everything.log() - positive.log()) / 12;
        }
      }
      CHECK(value.item<double>() == Approx(expected.item<double>()).epsilon(1e-6));  // weights are of float32 distances
      const auto mine = torch::autograd::grad({value}, {pooled[0], pooled[1], old[0]}, {}, std::nullopt, false, true);
      const auto theirs = torch::autograd::grad({expected}, {pooled[0], pooled[1]});
      // Of the whole gradient: an entry may be a difference of terms much larger than itself.
      for (int m = 0; m < 2; ++m) CHECK((mine[m] - theirs[m]).norm().item<double>() < 1e-6 * theirs[m].norm().item<double>());
      CHECK_FALSE(mine[2].defined());
    }
}

TEST_CASE("a dialog without labels has no term", "[mining]") {
  auto table = tied_table(7);
  const auto infinity = std::numeric_limits<float>::infinity();
  for (const int64_t unlabelled : {1, 4}) {
    table[unlabelled].fill_(infinity);
    table.select(1, unlabelled).fill_(infinity);
  }
  const auto pooled = two_views(7);
  Objective objective{.num_neighbors = 2, .temperature = 0.3};
  objective.mining.positives = table;
  double expected = 0;
  for (const auto& rows : pooled) {
    const auto losses = idcl::ContrastiveLoss{idcl::similarity::Cosine{}, idcl::mining::DistanceTopK{.distances = table, .k = 2},
                                              idcl::objective::InfoNCE{.temperature = 0.3}, idcl::reduction::None{}}(rows);
    CHECK(losses[1].item<double>() == 0);
    CHECK(losses[0].item<double>() > 0);
    expected += losses.sum().item<double>() / (5 * 2);
  }
  const auto all = at::arange(7);
  CHECK(contrast(pooled, MemoryBank::none(), objective, all).item<double>() == Approx(expected).epsilon(1e-12));
  objective.mining.positives = at::full({7, 7}, infinity);
  const auto nothing = contrast(pooled, MemoryBank::none(), objective, all);
  nothing.backward();
  CHECK(nothing.item<double>() == 0);
  CHECK(pooled[0].grad().eq(0).all().item<bool>());
}

TEST_CASE("neighbours in the features, near negatives spared", "[mining]") {
  const auto pooled = two_views(8);
  Objective objective{.num_neighbors = 2, .temperature = 0.3};
  const auto all = at::arange(8);
  const auto plain = contrast(pooled, MemoryBank::none(), objective);
  objective.mining = {.trajectories = tied_table(8) + 1, .exclude_near = 0.5};  // nobody is near
  CHECK(contrast(pooled, MemoryBank::none(), objective, all).item<double>() == Approx(plain.item<double>()).epsilon(1e-12));
  objective.mining.trajectories = at::zeros({8, 8});  // everybody is
  CHECK(contrast(pooled, MemoryBank::none(), objective, all).item<double>() == Approx(0).margin(1e-12));
  objective.arithmetic = Arithmetic::Official;
  objective.mining.trajectories = at::ones({8, 8});
  const auto official = contrast(pooled, MemoryBank::none(), objective, all).item<double>();
  objective.mining = {};
  CHECK(official == Approx(contrast(pooled, MemoryBank::none(), objective).item<double>()).epsilon(1e-12));
}
