// Miners that draw: the right pairs, in the right shares, the same again from the same generator.

#include "mining/miners.hpp"

#include "idcl/engine/workspace.hpp"
#include "idcl/mining/distance_weighted.hpp"
#include "idcl/mining/uniform_histogram.hpp"
#include "idcl/similarity/dot.hpp"
#include "support/catch.hpp"
#include "support/memory.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <map>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;

at::Generator seeded(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

/// Euclidean distances of rows of unit length.
oracle::Matrix unit_distances(const Tensor& x, const Tensor& y) {
  auto d = oracle::similarities(x, y);
  for (auto& row : d)
    for (auto& value : row) value = std::sqrt(std::max<oracle::Real>(0, 2 - 2 * value));
  return d;
}

/// Draws that fit their chances: the statistic of Pearson's test, whose mean is the number of cells less one.
double chi_square(const std::map<int64_t, int64_t>& drawn, const std::map<int64_t, double>& chances, int64_t total) {
  double sum = 0;
  for (const auto& [j, chance] : chances) {
    const auto expected = chance * static_cast<double>(total), seen = drawn.contains(j) ? static_cast<double>(drawn.at(j)) : 0;
    sum += (seen - expected) * (seen - expected) / expected;
  }
  return sum;
}

}  // namespace

TEST_CASE("distance weighted: each positive pair with a negative, by the inverse density of distances") {
  Random random(1);
  const int64_t n = 12, width = 5, repeats = 1000;
  const auto x = random.normal({n, width}), labels = random.integers(3, {n});
  const auto d = unit_distances(x, x);
  auto generator = seeded(3);
  std::map<int64_t, std::map<int64_t, int64_t>> drawn;  // anchor -> negative -> times
  std::map<int64_t, int64_t> total;
  for (int64_t r = 0; r < repeats; ++r) {
    const auto triplets = mining::distance_weighted(x, labels, {.generator = generator});
    const auto same = labels.index_select(0, triplets.anchor).eq(labels.index_select(0, triplets.positive));
    REQUIRE(same.logical_and(triplets.anchor.ne(triplets.positive)).all().item<bool>());
    for (const auto& [a, k] : pair_rows(triplets.anchor, triplets.negative)) ++drawn[a][k], ++total[a];
  }
  for (int64_t i = 0; i < n; ++i) {
    std::map<int64_t, double> weight;
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      if (labels[i].item<int64_t>() == labels[j].item<int64_t>() || d[i][j] >= 1.4) continue;
      const double at = std::max(static_cast<double>(d[i][j]), 0.5);
      weight[j] = 1 / (std::pow(at, width - 2) * std::pow(1 - at * at / 4, (width - 3) / 2.0));
      sum += weight[j];
    }
    for (auto& [j, w] : weight) w /= sum;
    for (const auto& [j, times] : drawn[i]) CHECK(weight.contains(j));
    const auto positives = labels.eq(labels[i]).sum().item<int64_t>() - 1;
    CHECK(total[i] == (weight.empty() ? 0 : positives * repeats));
    if (total[i] > 0) CHECK(chi_square(drawn[i], weight, total[i]) < 10 + 4.0 * static_cast<double>(weight.size()));
  }
}

TEST_CASE("distance weighted: rows of many numbers, whose weights span hundreds of orders, still have negatives") {
  Random random(2);
  const auto x = random.normal({40, 512}, at::kFloat), labels = at::arange(40).floor_divide(2);
  const auto triplets = mining::distance_weighted(x, labels, {.nonzero_loss_cutoff = 2, .generator = seeded(1)});
  CHECK(triplets.anchor.equal(at::arange(40)));
  CHECK(triplets.positive.equal(at::arange(40).bitwise_xor(1)));
  CHECK(triplets.negative.ge(0).all().item<bool>());
  CHECK(labels.index_select(0, triplets.negative).ne(labels).all().item<bool>());
}

TEST_CASE("uniform histogram: as many pairs from each bin that has any, each pair of a bin as likely") {
  Random random(3);
  const int64_t n = 10, bins = 6, per_bin = 3000;
  const auto x = random.normal({n, 4}), labels = random.integers(2, {n});
  const auto d = unit_distances(x, x);
  const auto mined = found(
      mining::uniform_histogram(x, labels, {.num_bins = bins, .pos_per_bin = per_bin, .neg_per_bin = per_bin, .generator = seeded(4)}));
  for (const bool positive : {true, false}) {
    double low = 1e9, high = -1e9;
    std::vector<std::pair<int64_t, double>> pairs;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        if (i != j && (labels[i].item<int64_t>() == labels[j].item<int64_t>()) == positive) {
          pairs.emplace_back(i * n + j, static_cast<double>(d[i][j]));
          low = std::min(low, pairs.back().second), high = std::max(high, pairs.back().second);
        }
    std::map<int64_t, std::map<int64_t, double>> chances;  // bin -> pair -> chance
    for (const auto& [pair, distance] : pairs) {
      // the largest distance belongs to the last bin, whichever of its two orders rounds below it
      const auto bin = std::min<int64_t>(static_cast<int64_t>((distance - low) / (high - low) * static_cast<double>(bins)), bins - 1);
      chances[bin][pair] = 1;
    }
    std::map<int64_t, std::map<int64_t, int64_t>> drawn;
    const auto& found_pairs = positive ? mined.positives : mined.negatives;
    CHECK(static_cast<int64_t>(found_pairs.size()) == per_bin * static_cast<int64_t>(chances.size()));
    for (const auto& [i, j] : found_pairs)
      for (const auto& [bin, members] : chances)
        if (members.contains(i * n + j)) ++drawn[bin][i * n + j];
    for (auto& [bin, members] : chances) {
      int64_t total = 0;
      for (auto& [pair, chance] : members) chance = 1 / static_cast<double>(members.size()), total += drawn[bin][pair];
      INFO((positive ? "positives" : "negatives") << ", bin " << bin);
      CHECK(total == per_bin);
      CHECK(chi_square(drawn[bin], members, per_bin) < 10 + 4.0 * static_cast<double>(members.size()));
    }
  }
}

TEST_CASE("the same generator state draws the same, whatever the tiles; another one does not") {
  Random random(5);
  const auto x = random.normal({30, 4}), labels = random.integers(4, {30}), y = random.normal({23, 4}), y_labels = random.integers(4, {23});
  const auto weighted = [&](uint64_t seed, int64_t side, bool self) {
    const mining::DistanceWeightedOptions options{.generator = seeded(seed), .workspace_bytes = workspace_for(side, 8)};
    return found(self ? mining::distance_weighted(x, labels, options) : mining::distance_weighted(x, labels, y, y_labels, options));
  };
  const auto histogram = [&](uint64_t seed, int64_t side, bool self) {
    const mining::UniformHistogramOptions options{
        .num_bins = 7, .similarity = similarity::Dot{}, .generator = seeded(seed), .workspace_bytes = workspace_for(side, 8)};
    return found(self ? mining::uniform_histogram(x, labels, options) : mining::uniform_histogram(x, labels, y, y_labels, options));
  };
  for (const bool self : {true, false}) {
    const auto first = weighted(7, 64, self), second = histogram(7, 64, self);
    CHECK_FALSE(first.empty());
    CHECK_FALSE(second.empty());
    for (const int64_t side : {1, 5}) {
      CHECK(weighted(7, side, self) == first);
      CHECK(histogram(7, side, self) == second);
    }
    CHECK_FALSE(weighted(8, 64, self) == first);
    CHECK_FALSE(histogram(8, 64, self) == second);
  }
}

TEST_CASE("nothing to draw from gives nothing") {
  for (const auto& labels : {at::zeros({5}, at::kLong), at::arange(5), at::zeros({1}, at::kLong), at::zeros({0}, at::kLong)}) {
    const auto x = Random(6).normal({labels.numel(), 3});
    CHECK(found(mining::distance_weighted(x, labels)).empty());
    const auto pairs = found(mining::uniform_histogram(x, labels, {.pos_per_bin = 2, .neg_per_bin = 2}));
    CHECK(pairs.positives.empty() == (labels.numel() < 2 || labels[0].item<int64_t>() != labels[-1].item<int64_t>()));
    CHECK(pairs.negatives.empty() == (labels.numel() < 2 || labels[0].item<int64_t>() == labels[-1].item<int64_t>()));
  }
  const auto equal = at::ones({6, 3}, at::kDouble), labels = at::arange(6).remainder(2);
  CHECK(found(mining::uniform_histogram(equal, labels, {.pos_per_bin = 4, .neg_per_bin = 0})).positives.size() == 4);  // one bin has all
  CHECK(found(mining::distance_weighted(equal, labels)).triplets.size() == 12);
}

TEST_CASE("draws that make no sense are refused by name") {
  const auto x = Random(7).normal({4, 3}), labels = at::zeros({4}, at::kLong);
  CHECK_THROWS_WITH(mining::distance_weighted(x, labels, {.cutoff = 0}),
                    Contains("idcl::mining::distance_weighted: expected `cutoff` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(mining::distance_weighted(x, labels, {.nonzero_loss_cutoff = -1}),
                    Contains("expected `nonzero_loss_cutoff` to be finite and > 0, but got -1"));
  CHECK_THROWS_WITH(mining::uniform_histogram(x, labels, {.num_bins = 0}),
                    Contains("idcl::mining::uniform_histogram: expected `num_bins` >= 1, but got 0"));
  CHECK_THROWS_WITH(mining::uniform_histogram(x, labels, {.pos_per_bin = -1}), Contains("expected `pos_per_bin` >= 0, but got -1"));
  CHECK_THROWS_WITH(mining::uniform_histogram(x, labels, {.neg_per_bin = -1}), Contains("expected `neg_per_bin` >= 0, but got -1"));
}

TEST_CASE("drawing takes memory that grows with the rows") {
  const auto peak = [](int64_t n, bool weighted) {
    const auto x = Random(8).normal({n, 64}, at::kFloat), labels = at::arange(n).floor_divide(4);
    release_workspace();
    const Memory memory;
    weighted ? void(mining::distance_weighted(x, labels, {.workspace_bytes = 64 << 10}))
             : void(mining::uniform_histogram(x, labels, {.num_bins = 20, .workspace_bytes = 64 << 10}));
    release_workspace();
    return static_cast<double>(memory.peak());
  };
  for (const bool weighted : {true, false}) {
    INFO((weighted ? "distance_weighted" : "uniform_histogram"));
    CHECK(peak(1024, weighted) < 2.2 * peak(512, weighted));
  }
}
