#include "batches.hpp"

#include "data/corpus.hpp"
#include "model/random.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <numeric>

namespace merc {
namespace {

constexpr int64_t kWindow = 4;  // batches that are sorted together, at most: more pad less and mix less

/// Shuffles with draws from the seed (Fisher, Yates 1938).
template <class Values>
void shuffle(Values& values, uint64_t seed) {
  for (size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[derive({seed, left}) % left]);
}

}  // namespace

Batches::Batches(std::vector<const Dialog*> dialogs, const NetworkOptions& network, const Stage& stage, Pooling pooling,
                 torch::Device device)
    : dialogs_(std::move(dialogs)),
      modalities_(network.architecture.modalities),
      speakers_(network.speaker_names),
      group_by_length_(stage.group_by_length),
      pooling_(pooling),
      device_(device) {
  const auto all = std::max<int64_t>(1, static_cast<int64_t>(dialogs_.size()));
  size_ = stage.batch_size == 0 ? all : std::min(stage.batch_size, all);
  std::vector<int64_t> order(dialogs_.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  if (count() == 1) whole_ = lay_out(order);
}

Batch Batches::lay_out(std::span<const int64_t> numbers) const {
  std::vector<const Dialog*> chosen;
  for (const auto number : numbers) chosen.push_back(dialogs_[number]);
  auto batch = make_batch(chosen, modalities_, pooling_, speakers_);
  batch.dialogs = at::tensor(at::ArrayRef<int64_t>(numbers.data(), numbers.size()), at::kLong);
  return batch.to(device_);
}

std::vector<std::vector<int64_t>> Batches::order(uint64_t seed) const {
  std::vector<int64_t> order(dialogs_.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  shuffle(order, seed);
  if (group_by_length_) {
    const auto together = static_cast<size_t>(std::min(kWindow, (count() + 1) / 2) * size_);
    for (auto rest = std::span(order); !rest.empty();) {
      const auto window = rest.first(std::min(rest.size(), together));
      std::ranges::stable_sort(window, std::ranges::greater(), [&](int64_t number) { return dialogs_[number]->utterances(); });
      rest = rest.subspan(window.size());
    }
  }
  std::vector<std::vector<int64_t>> batches;
  for (auto rest = std::span(order); !rest.empty();) {
    const auto batch = rest.first(std::min(rest.size(), static_cast<size_t>(size_)));
    batches.emplace_back(batch.begin(), batch.end());
    rest = rest.subspan(batch.size());
  }
  if (group_by_length_) shuffle(batches, derive({seed, 'g'}));
  return batches;
}

void Batches::for_each(uint64_t seed, const std::function<void(const Batch&)>& use) const {
  if (count() == 1) return use(whole_);
  for (const auto& numbers : order(seed)) use(lay_out(numbers));
}

}  // namespace merc
