#include "memory_bank.hpp"

#include <ATen/Functions.h>

namespace merc {

Tensor MemoryBank::append_to(const Tensor& pooled, size_t index) const {
  return stored_.empty() ? pooled : at::cat({pooled, stored_[index]});
}

void MemoryBank::forget(const Tensor& numbers) {
  if (stored_.empty()) return;
  const auto kept = at::isin(stored_.back(), numbers, /*assume_unique=*/false, /*invert=*/true).nonzero().squeeze(1);
  for (auto& rows : stored_) rows = rows.index_select(0, kept);
}

void MemoryBank::push(const std::vector<Tensor>& pooled) {
  if (capacity_ == 0) return;
  for (size_t i = 0; i < pooled.size(); ++i) {
    auto rows = pooled[i].detach();
    if (i < stored_.size()) rows = at::cat({rows, stored_[i]});
    if (rows.size(0) > capacity_) rows = rows.narrow(0, 0, capacity_);
    if (i < stored_.size())
      stored_[i] = rows.clone();
    else
      stored_.push_back(rows.clone());
  }
}

}  // namespace merc
