#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/packed.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <span>
#include <vector>

/// Lower bounds of alignments, cheap to compute. They say which pairs need no alignment to know that they are not near.
namespace idcl::trajectory::detail {

/// Is it a sum, over numbers, of |difference| or of its square, or the root of that sum? Then LB_Keogh bounds `Dtw`.
template <class Cost>
inline constexpr bool grows_with_differences = std::same_as<Cost, cost::Default> || std::same_as<Cost, cost::SquaredEuclidean> ||
                                               std::same_as<Cost, cost::Euclidean> || std::same_as<Cost, cost::Absolute>;

/// For each place t of a sequence `length` long, what `reduce` makes of those of `rows` that are within `band` places of it: [length, D].
template <class T, class Reduce>
RowMajor<T> by_window(const RowMajor<T>& rows, int64_t length, int64_t band, const Reduce& reduce) {
  RowMajor<T> result(length, rows.cols());
  const auto n = static_cast<int64_t>(rows.rows());
  if (band >= std::max(n, length)) {  // no band: all places are alike
    result.rowwise() = reduce(rows).eval();
    return result;
  }
  for (int64_t t = 0; t < length; ++t) {
    const auto first = std::max<int64_t>(0, t - band), last = std::min(n - 1, t + band);
    result.row(t) = reduce(rows.middleRows(first, last - first + 1));
  }
  return result;
}

inline constexpr auto least = [](const auto& rows) { return rows.colwise().minCoeff(); };
inline constexpr auto largest = [](const auto& rows) { return rows.colwise().maxCoeff(); };

/// The least and the largest of each number within the band.
template <class T>
struct Envelope {
  RowMajor<T> low, high;  ///< [length, D]

  Envelope(const RowMajor<T>& rows, int64_t length, int64_t band)
      : low(by_window(rows, length, band, least)), high(by_window(rows, length, band, largest)) {}

  /// LB_Keogh: every row of the other sequence is aligned with one within its band, and that costs no less than to reach the envelope.
  template <class Cost>
  double bound(const RowMajor<T>& other) const {
    const auto excess = (other - high).cwiseMax(low - other).cwiseMax(T{0});  // [length, D]
    if constexpr (std::same_as<Cost, cost::Absolute>) return static_cast<double>(excess.sum());
    if constexpr (std::same_as<Cost, cost::Euclidean>) return static_cast<double>(excess.rowwise().norm().sum());
    return static_cast<double>(excess.squaredNorm());
  }
};

/// What rounding may add to a sum of that many numbers >= 0, as a share of it, and take from another: above the distance no bound may be.
template <class T>
double rounding(Eigen::Index terms, Eigen::Index other_terms) {
  return static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(terms + other_terms + 8);
}

/// From `a` to each of `others`: LB_Keogh, less what rounding may have added. `band_of(n, m)`: how far from the diagonal a pair may go.
template <class Cost, class T, class BandOf>
void dtw_bounds(const RowMajor<T>& a, std::span<const RowMajor<T>* const> others, const BandOf& band_of, double* out) {
  std::map<int64_t, Envelope<T>> envelopes;  // by the other's length
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto m = others[i]->rows();
    const auto envelope = envelopes.try_emplace(m, a, m, band_of(a.rows(), m)).first;
    const auto share = rounding<T>(m * a.cols(), a.rows() + m + a.cols());
    out[i] = share < 1 ? envelope->second.template bound<Cost>(*others[i]) * (1 - share) : 0;
  }
}

/// How often each label occurs, sorted.
inline std::map<int64_t, int64_t> label_counts(const std::vector<int64_t>& labels) {
  std::map<int64_t, int64_t> counts;
  for (const auto label : labels) ++counts[label];
  return counts;
}

/// An edit distance is no less than the longer length minus the labels that both have, in any order.
inline void edit_bounds(const std::vector<int64_t>& a, std::span<const std::vector<int64_t>* const> others, double* out) {
  const auto counts = label_counts(a);
  for (std::size_t i = 0; i < others.size(); ++i) {
    auto left = counts;
    int64_t shared = 0;
    for (const auto label : *others[i])
      if (const auto found = left.find(label); found != left.end() && found->second > 0) --found->second, ++shared;
    const auto longer = static_cast<int64_t>(std::max(a.size(), others[i]->size()));
    out[i] = longer == 0 ? 0 : static_cast<double>(longer - shared) / static_cast<double>(longer);
  }
}

}  // namespace idcl::trajectory::detail
