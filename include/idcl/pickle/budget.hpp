#pragma once

#include "error.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace idcl::pickle {

/// How much memory a stream may make us use: a few bytes of a hostile file must not become gigabytes.
class Budget {
 public:
  explicit Budget(std::size_t limit) : limit_(limit) {}

  void charge(std::size_t bytes) {
    if (bytes > limit_ - used_) {
      throw Error("the objects take more than " + std::to_string(limit_ >> 20) +
                  " MiB, which no data set of this size does: the file is hostile, or raise Options::memory");
    }
    used_ += bytes;
  }

  /// Charges for the growth of a vector to `size` elements, then makes room, doubling as vectors do.
  template <class T>
  void grow(std::vector<T>& vector, std::size_t size) {
    if (size <= vector.capacity()) return;
    const auto room = vector.capacity() == 0 ? size : std::max(size, 2 * vector.capacity());
    charge((room - vector.capacity()) * sizeof(T));
    vector.reserve(room);
  }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
};

/// What PUT stores and GET fetches. Indices come from the file: dense ones go to a vector, far ones to a map, so that
/// an index of four billion costs one entry.
template <class T>
class Memo {
 public:
  void put(std::size_t index, const T& value, Budget& budget) {
    if (index >= dense_.size() && index <= 4 * count_ + 64) {  // entries, not room: far indices must not add up
      budget.grow(dense_, index + 1);
      dense_.resize(index + 1);
    }
    if (index < dense_.size()) {
      count_ += dense_[index].second ? 0 : 1;
      dense_[index] = {value, true};
    } else {
      budget.charge(sizeof(T) + 4 * sizeof(void*));
      count_ += sparse_.insert_or_assign(index, value).second ? 1 : 0;
    }
  }

  const T& get(std::size_t index) const {
    if (index < dense_.size() && dense_[index].second) return dense_[index].first;
    if (const auto found = sparse_.find(index); found != sparse_.end()) return found->second;
    throw Error("memo entry " + std::to_string(index) + " was never stored: the file is damaged");
  }

  /// How many entries there are, which is the index MEMOIZE uses.
  std::size_t size() const { return count_; }

 private:
  std::vector<std::pair<T, bool>> dense_;
  std::unordered_map<std::size_t, T> sparse_;
  std::size_t count_ = 0;
};

}  // namespace idcl::pickle
