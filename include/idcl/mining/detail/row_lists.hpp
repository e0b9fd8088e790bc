#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace idcl::mining::detail {

using at::Tensor;

/// Lists of whole numbers, `Columns` side by side, that rows fill in any number of threads; put together in the order of rows.
template <int Columns>
class RowLists {
 public:
  /// What consecutive rows list, in their order.
  struct Part {
    std::array<std::vector<int64_t>, Columns> columns{};
    std::vector<int64_t> counts{};  ///< of each row

    void append(int column, const int64_t* from, int64_t count) { columns[column].insert(columns[column].end(), from, from + count); }
  };

  void add(int64_t first_row, Part part) {
    const std::lock_guard lock(mutex_);
    parts_.emplace(first_row, std::move(part));
  }

  /// {rows, column 0, ...}, int64 [T] each.
  std::array<Tensor, 1 + Columns> tensors(const at::TensorOptions& integers) const {
    int64_t total = 0;
    for (const auto& [row, part] : parts_) total += static_cast<int64_t>(part.columns[0].size());
    std::array<Tensor, 1 + Columns> result;
    for (auto& tensor : result) tensor = at::empty({total}, integers);
    int64_t at = 0;
    for (const auto& [first, part] : parts_) {
      for (int c = 0; c < Columns; ++c)
        std::copy(part.columns[c].begin(), part.columns[c].end(), result[1 + c].template data_ptr<int64_t>() + at);
      auto row = first;
      for (const auto count : part.counts) {
        std::fill_n(result[0].template data_ptr<int64_t>() + at, count, row++);
        at += count;
      }
    }
    return result;
  }

 private:
  std::mutex mutex_;
  std::map<int64_t, Part> parts_;
};

}  // namespace idcl::mining::detail
