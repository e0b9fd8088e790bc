#include "batches.hpp"

#include "model/random.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <numeric>

namespace merc {

Batches::Batches(std::vector<const Dialog*> dialogs, std::vector<std::string> modalities, int64_t size, Pooling pooling,
                 torch::Device device)
    : dialogs_(std::move(dialogs)), modalities_(std::move(modalities)), pooling_(pooling), device_(device) {
  const auto all = static_cast<int64_t>(dialogs_.size());
  size_ = size == 0 ? std::max<int64_t>(1, all) : std::min(size, std::max<int64_t>(1, all));
  std::vector<int64_t> order(dialogs_.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  if (count() == 1) whole_ = lay_out(order);
}

Batch Batches::lay_out(std::span<const int64_t> numbers) const {
  std::vector<const Dialog*> chosen;
  for (const auto number : numbers) chosen.push_back(dialogs_[number]);
  auto batch = make_batch(chosen, modalities_, pooling_);
  batch.dialogs = at::tensor(at::ArrayRef<int64_t>(numbers.data(), numbers.size()), at::kLong);
  return batch.to(device_);
}

void Batches::for_each(uint64_t seed, const std::function<void(const Batch&)>& use) {
  if (count() == 1) return use(whole_);
  std::vector<int64_t> order(dialogs_.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  for (size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[derive({seed, left}) % left]);
  for (auto rest = std::span<const int64_t>(order); !rest.empty();) {
    const auto taken = std::min(rest.size(), static_cast<size_t>(size_));
    use(lay_out(rest.first(taken)));
    rest = rest.subspan(taken);
  }
}

}  // namespace merc
