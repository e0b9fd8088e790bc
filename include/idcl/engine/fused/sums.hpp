#pragma once

#include "idcl/core/pair_set.hpp"
#include "idcl/mining/places.hpp"
#include "idcl/objective/fusible.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace idcl::engine::fused {

/// Below any similarity: the maximum of nothing, finite so that differences of two of them are.
inline constexpr float kLowest = std::numeric_limits<float>::lowest() / 4;

/// Sum of exp((s - max) scale) over some similarities s, and their maximum. The difference is taken before it is scaled: exactly zero
/// at the maximum, whatever a compiler makes of products and sums.
struct ExpSum {
  float& max;
  float& sum;

  void add(float s, float scale) const {
    if (s <= max) {
      sum += std::exp((s - max) * scale);
    } else {
      sum = sum * std::exp((max - s) * scale) + 1;
      max = s;
    }
  }

  void merge(float other_max, float other_sum, float scale) const {
    if (other_sum == 0) return;
    const float larger = std::max(max, other_max);
    sum = sum * std::exp((max - larger) * scale) + other_sum * std::exp((other_max - larger) * scale);
    max = larger;
  }
};

/// The running sums of n rows (or columns), an array each: what a sweep fills and `RowSums` is made of.
struct Sums {
  static constexpr int64_t fields = 6;
  float *negative_max, *negative_sum, *positive_max, *positive_sum, *total, *count;

  /// In `memory`, fields x n floats.
  static Sums in(float* memory, int64_t n) { return {memory, memory + n, memory + 2 * n, memory + 3 * n, memory + 4 * n, memory + 5 * n}; }

  Sums from(int64_t i) const { return {negative_max + i, negative_sum + i, positive_max + i, positive_sum + i, total + i, count + i}; }

  void clear(int64_t n) const {
    std::fill_n(negative_max, n, kLowest);
    std::fill_n(positive_max, n, kLowest);
    for (auto* zero : {negative_sum, positive_sum, total, count}) std::fill_n(zero, n, 0.0f);
  }

  void add_negative(int64_t i, float s, float scale) const { ExpSum{negative_max[i], negative_sum[i]}.add(s, scale); }
  void add_positive(int64_t i, float s, float scale) const {
    ExpSum{positive_max[i], positive_sum[i]}.add(s, scale);
    total[i] += s;
    count[i] += 1;
  }

  void merge(int64_t i, const Sums& other, int64_t j, float scale) const {
    ExpSum{negative_max[i], negative_sum[i]}.merge(other.negative_max[j], other.negative_sum[j], scale);
    if (other.count[j] == 0) return;
    ExpSum{positive_max[i], positive_sum[i]}.merge(other.positive_max[j], other.positive_sum[j], scale);
    total[i] += other.total[j];
    count[i] += other.count[j];
  }
};

/// A fresh set of sums, [fields, n].
inline Tensor empty_sums(int64_t n, const at::TensorOptions& options) {
  const auto memory = at::empty({Sums::fields, n}, options);
  Sums::in(memory.data_ptr<float>(), n).clear(n);
  return memory;
}

/// As the objectives know them.
inline RowSums finished(const Tensor& memory, const mining::Places& places, float scale) {
  const auto n = memory.size(1);
  const auto sums = Sums::in(memory.data_ptr<float>(), n);
  const auto rows = at::empty({4, n}, memory.options());
  auto* out = rows.data_ptr<float>();
  const auto log_of = [&](float max, float sum) { return sum == 0 ? static_cast<float>(kNothing) : max * scale + std::log(sum); };
  for (int64_t i = 0; i < n; ++i) {
    out[i] = log_of(sums.negative_max[i], sums.negative_sum[i]);
    out[n + i] = log_of(sums.positive_max[i], sums.positive_sum[i]);
    out[2 * n + i] = sums.total[i] * scale;
    out[3 * n + i] = sums.count[i];
  }
  for (const auto i : places.lost) out[n + i] = std::numeric_limits<float>::quiet_NaN();
  return {rows[0], rows[1], rows[2], rows[3]};
}

}  // namespace idcl::engine::fused
