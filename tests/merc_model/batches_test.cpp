#include "support/catch.hpp"

#include "tiny.hpp"
#include "train/batches.hpp"

#include <algorithm>
#include <set>

using namespace merc;

namespace {

/// 100 dialogs of 5 to 60 utterances.
std::vector<Dialog> dialogs_of_many_lengths() {
  std::mt19937 random(3);
  std::vector<Dialog> dialogs;
  for (int d = 0; d < 100; ++d) dialogs.push_back(tiny::dialog(std::to_string(d), 5 + (d * 37) % 56, {.text = 1, .audio = 1}, random));
  return dialogs;
}

struct Epochs {
  std::vector<Dialog> dialogs = dialogs_of_many_lengths();

  Batches batches(bool group_by_length, int64_t size = 8, Pooling pooling = Pooling::Masked) const {
    std::vector<const Dialog*> all;
    for (const auto& dialog : dialogs) all.push_back(&dialog);
    return {all,
            {.architecture = {.modalities = {"text"}}, .widths = {}, .classes = 3},
            {.batch_size = size, .group_by_length = group_by_length},
            pooling,
            at::kCPU};
  }

  /// The share of rows that are padding, over ten epochs.
  double padding(bool group_by_length) const {
    int64_t rows = 0, utterances = 0;
    for (uint64_t seed = 0; seed < 10; ++seed)
      batches(group_by_length, 8, Pooling::Padded).for_each(seed, [&](const Batch& batch) {
        for (const auto& span : batch.layout.spans) rows += span.rows, utterances += span.utterances;
      });
    return 1 - static_cast<double>(utterances) / static_cast<double>(rows);
  }
};

}  // namespace

TEST_CASE("batches grouped by length hold every dialog once and pad half as much", "[batches]") {
  const Epochs epochs;
  const auto grouped = epochs.batches(true);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    std::set<int64_t> seen;
    for (const auto& batch : grouped.order(seed)) {
      CHECK(batch.size() <= 8);
      seen.insert(batch.begin(), batch.end());
    }
    CHECK(seen.size() == epochs.dialogs.size());
    CHECK(std::ssize(grouped.order(seed)) == grouped.count());
  }
  CHECK(epochs.padding(false) > 0.35);
  CHECK(epochs.padding(true) < epochs.padding(false) / 2);
}

TEST_CASE("batches grouped by length follow from the seed, in no order of length, with other companions every epoch", "[batches]") {
  const Epochs epochs;
  const auto grouped = epochs.batches(true);
  CHECK(grouped.order(4) == epochs.batches(true).order(4));
  const auto sets = [](const std::vector<std::vector<int64_t>>& batches) {
    std::set<std::set<int64_t>> all;
    for (const auto& batch : batches) all.emplace(batch.begin(), batch.end());
    return all;
  };
  CHECK(sets(grouped.order(4)) != sets(grouped.order(5)));
  std::vector<int64_t> longest;
  for (const auto& batch : grouped.order(4)) longest.push_back(epochs.dialogs[static_cast<size_t>(batch.front())].utterances());
  CHECK_FALSE(std::ranges::is_sorted(longest, std::ranges::greater()));
  CHECK_FALSE(std::ranges::is_sorted(longest));
  for (const int64_t size : {40, 50, 60})  // three batches and two: windows are half of them, so that no epoch repeats another
    CHECK(sets(epochs.batches(true, size).order(4)) != sets(epochs.batches(true, size).order(5)));
}
