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

/// `LogitScales` as the kernels use them: a positive's logit is attraction * (sign * s).
struct Scales {
  float repulsion, attraction;  ///< > 0
  float sign;                   ///< 1 or -1

  static Scales of(const LogitScales& scales) {
    return {static_cast<float>(scales.repulsion), static_cast<float>(std::abs(scales.attraction)), scales.attraction < 0 ? -1.0f : 1.0f};
  }
};

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

  void add_negative(int64_t i, float s, const Scales& scales) const { ExpSum{negative_max[i], negative_sum[i]}.add(s, scales.repulsion); }
  void add_positive(int64_t i, float s, const Scales& scales) const {
    ExpSum{positive_max[i], positive_sum[i]}.add(s * scales.sign, scales.attraction);
    total[i] += s;
    count[i] += 1;
  }

  void merge(int64_t i, const Sums& other, int64_t j, const Scales& scales) const {
    ExpSum{negative_max[i], negative_sum[i]}.merge(other.negative_max[j], other.negative_sum[j], scales.repulsion);
    if (other.count[j] == 0) return;
    ExpSum{positive_max[i], positive_sum[i]}.merge(other.positive_max[j], other.positive_sum[j], scales.attraction);
    total[i] += other.total[j];
    count[i] += other.count[j];
  }

  /// As the objectives know them.
  RowSums row(int64_t i, const LogitScales& scales) const {
    const auto log_of = [](float max, float sum, double scale) { return sum == 0 ? kNothing : max * scale + std::log(double{sum}); };
    return {.negatives = log_of(negative_max[i], negative_sum[i], scales.repulsion),
            .positives = log_of(positive_max[i], positive_sum[i], std::abs(scales.attraction)),
            .total = total[i] * scales.attraction,
            .count = count[i]};
  }
};

/// A fresh set of sums, [fields, n].
inline Tensor empty_sums(int64_t n, const at::TensorOptions& options) {
  const auto memory = at::empty({Sums::fields, n}, options);
  Sums::in(memory.data_ptr<float>(), n).clear(n);
  return memory;
}

/// Rows as the objective finished them.
struct Finished {
  Tensor loss, terms;  ///< [n]
  Tensor slopes;       ///< `FusedRow`'s repulsion, attraction and spread, [3, n]
};

template <Fusible O>
Finished finish(const O& objective, const LogitScales& scales, const Tensor& memory, const mining::Places& places) {
  const auto n = memory.size(1);
  const auto sums = Sums::in(memory.data_ptr<float>(), n);
  const Finished result{
      .loss = at::empty({n}, memory.options()), .terms = at::empty({n}, memory.options()), .slopes = at::empty({3, n}, memory.options())};
  auto *loss = result.loss.data_ptr<float>(), *terms = result.terms.data_ptr<float>(), *slopes = result.slopes.data_ptr<float>();
  const auto put = [&](int64_t i, const RowSums& row_sums) {
    const FusedRow row = objective.row(row_sums);
    loss[i] = static_cast<float>(row.loss);
    terms[i] = static_cast<float>(row.terms);
    slopes[i] = static_cast<float>(row.repulsion);
    slopes[n + i] = static_cast<float>(row.attraction);
    slopes[2 * n + i] = static_cast<float>(row.spread);
  };
  for (int64_t i = 0; i < n; ++i) put(i, sums.row(i, scales));
  constexpr double lost = std::numeric_limits<double>::quiet_NaN();
  for (const auto i : places.lost) put(i, {.negatives = sums.row(i, scales).negatives, .positives = lost, .total = lost, .count = 1});
  return result;
}

}  // namespace idcl::engine::fused
