// m elements a class in every batch, alone and in a LibTorch data loader.

#include "idcl/data/m_per_class_sampler.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <torch/data.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using idcl::data::MPerClassSampler;

using Batch = std::vector<std::size_t>;

/// The batches that are left of an epoch.
std::vector<Batch> rest(MPerClassSampler& sampler, std::size_t batch_size) {
  std::vector<Batch> batches;
  while (auto batch = sampler.next(batch_size)) batches.push_back(*batch);
  return batches;
}

/// Elements of each class in a batch.
std::map<int64_t, std::vector<std::size_t>> by_class(const Batch& batch, const Tensor& labels) {
  std::map<int64_t, std::vector<std::size_t>> result;
  for (const auto position : batch) result[labels[static_cast<int64_t>(position)].item<int64_t>()].push_back(position);
  return result;
}

/// Ten elements each of eight classes, shuffled.
Tensor eighty() { return at::arange(80).remainder(8).index_select(0, Random(1).permutation(80)) * 3 - 5; }

struct Places : torch::data::datasets::Dataset<Places, int64_t> {
  int64_t get(std::size_t index) override { return static_cast<int64_t>(index); }
  std::optional<std::size_t> size() const override { return 80; }
};

}  // namespace

TEST_CASE("every batch has m different elements of each of its classes, and every class comes") {
  const auto labels = eighty();
  MPerClassSampler sampler(labels, 4);
  CHECK(sampler.length() == 80);
  const auto batches = rest(sampler, 16);
  CHECK(batches.size() == 5);
  CHECK(sampler.index() == 80);
  for (const auto& batch : batches) {
    const auto classes = by_class(batch, labels);
    CHECK(classes.size() == 4);
    for (const auto& [label, positions] : classes) {
      CHECK(positions.size() == 4);
      CHECK(std::set(positions.begin(), positions.end()).size() == 4);
    }
  }
  std::map<int64_t, int64_t> classes;
  std::map<std::size_t, int64_t> positions;
  for (int epoch = 0; epoch < 100; ++epoch) {
    sampler.reset();
    for (const auto& batch : rest(sampler, 16))
      for (const auto position : batch) ++positions[position], ++classes[labels[static_cast<int64_t>(position)].item<int64_t>()];
  }
  CHECK(classes.size() == 8);
  CHECK(positions.size() == 80);
  for (const auto& [label, times] : classes) CHECK(std::abs(times - 1000) < 200);     // of 8000, standard deviation 45
  for (const auto& [position, times] : positions) CHECK(std::abs(times - 100) < 60);  // standard deviation about 9
}

TEST_CASE("a class of fewer than m gives its elements more than once") {
  const auto labels = at::tensor({0, 0, 0, 0, 0, 1, 2, 2}, at::kLong);
  MPerClassSampler sampler(labels, 4, {.length = 120});
  const auto batches = rest(sampler, 12);
  CHECK(batches.size() == 10);
  for (const auto& batch : batches) {
    const auto classes = by_class(batch, labels);
    CHECK(classes.size() == 3);
    CHECK(classes.at(1) == Batch(4, 5));
    CHECK(classes.at(2).size() == 4);
  }
}

TEST_CASE("the seed says all: epochs differ, and come again") {
  const auto labels = eighty();
  MPerClassSampler a(labels, 2, {.seed = 7}), b(labels, 2, {.seed = 7}), other(labels, 2, {.seed = 8});
  const auto first = rest(a, 8);
  CHECK(rest(b, 8) == first);
  CHECK_FALSE(rest(other, 8) == first);
  CHECK_FALSE(first[0] == first[1]);
  a.reset(), b.reset();
  const auto second = rest(a, 8);
  CHECK_FALSE(second == first);
  CHECK(rest(b, 8) == second);
}

TEST_CASE("an epoch is as long as one says, and ends with its last whole batch") {
  MPerClassSampler sampler(eighty(), 2, {.length = 30});
  CHECK(rest(sampler, 8).size() == 3);
  sampler.reset(64);
  CHECK(sampler.length() == 64);
  CHECK(rest(sampler, 8).size() == 8);
}

TEST_CASE("a saved sampler goes on where it stood") {
  const auto labels = eighty();
  MPerClassSampler sampler(labels, 4, {.length = 72, .seed = uint64_t{1} << 63 | 5});
  sampler.reset();
  sampler.next(8), sampler.next(8);
  torch::serialize::OutputArchive out;
  sampler.save(out);
  std::stringstream stream;
  out.save_to(stream);
  MPerClassSampler again(labels, 4);
  torch::serialize::InputArchive in;
  in.load_from(stream);
  again.load(in);
  CHECK(again.index() == 16);
  CHECK(again.length() == 72);
  CHECK(rest(again, 8) == rest(sampler, 8));
  sampler.reset(), again.reset();
  CHECK(rest(again, 8) == rest(sampler, 8));
}

TEST_CASE("a data loader takes it") {
  const auto labels = eighty();
  const auto options = torch::data::DataLoaderOptions(12).workers(2).enforce_ordering(true);
  auto loader = torch::data::make_data_loader(Places(), MPerClassSampler(labels, 3, {.seed = 2}), options);
  MPerClassSampler alone(labels, 3, {.seed = 2});
  std::vector<std::vector<int64_t>> epochs;
  for (int epoch = 0; epoch < 2; ++epoch) {
    alone.reset();
    const auto expected = rest(alone, 12);
    std::size_t seen = 0;
    for (const auto& batch : *loader) {
      REQUIRE(seen < expected.size());
      CHECK(Batch(batch.begin(), batch.end()) == expected[seen++]);
    }
    CHECK(seen == 6);
  }
}

TEST_CASE("what makes no sense is refused by name") {
  const auto labels = eighty();
  CHECK_THROWS_WITH(MPerClassSampler(Tensor(), 2),
                    Contains("idcl::data::MPerClassSampler: expected `labels` to be 1-D [N], but got an undefined tensor"));
  CHECK_THROWS_WITH(MPerClassSampler(labels.view({8, 10}), 2), Contains("expected `labels` to be 1-D [N], but got [8, 10]"));
  CHECK_THROWS_WITH(MPerClassSampler(labels.to(at::kFloat), 2), Contains("expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(MPerClassSampler(labels, 0), Contains("expected `m` >= 1, but got 0"));
  CHECK_THROWS_WITH(MPerClassSampler(labels, 2, {.length = -1}), Contains("expected `length` >= 0, but got -1"));
  MPerClassSampler sampler(labels, 4);
  CHECK_THROWS_WITH(sampler.next(10), Contains("expected a batch size that is a multiple of m = 4, but got 10"));
  CHECK_THROWS_WITH(sampler.next(0), Contains("expected a batch size that is a multiple of m = 4, but got 0"));
  CHECK_THROWS_WITH(sampler.next(36), Contains("expected a batch of at most 8 classes of m = 4, but got a batch size of 36"));
  sampler.reset(16);
  CHECK_THROWS_WITH(sampler.next(20), Contains("expected a batch size of at most `length` = 16, an epoch, but got 20"));
}
