#pragma once

#include "idcl/trajectory/pairwise.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <span>
#include <vector>

namespace idcl::trajectory {

/// Who is within a distance of whom: the others of sequence i are indices[begin[i]] to indices[begin[i + 1] - 1], ascending.
struct Within {
  std::vector<int64_t> begin;    ///< [N + 1]
  std::vector<int64_t> indices;  ///< [P]
  double pruned = 0;             ///< the share of pairs that a lower bound made unnecessary
};

namespace detail {

/// The others of sequence i, those left out that a lower bound says to be farther than `limit`.
template <class T, class M, class P>
std::vector<int64_t> may_be_within(const M& measure, const std::vector<P>& prepared, int64_t i, std::span<const int64_t> others, T limit) {
  std::vector<int64_t> left;
  std::copy_if(others.begin(), others.end(), std::back_inserter(left), [&](int64_t j) { return j != i; });
  if constexpr (Bounds<M, P>) {
    const auto bounds = bounded(measure, prepared, i, left);
    std::size_t kept = 0;
    for (std::size_t at = 0; at < left.size(); ++at)
      if (!(static_cast<T>(bounds[at]) > limit)) left[kept++] = left[at];
    left.resize(kept);
  }
  return left;
}

/// Pairs {i, j} found once each, j with i, as lists of all others of each sequence.
inline Within both_ways(const std::vector<std::vector<int64_t>>& found) {
  const auto n = found.size();
  Within result{.begin = std::vector<int64_t>(n + 1), .indices = {}};
  for (std::size_t i = 0; i < n; ++i) {
    result.begin[i + 1] += static_cast<int64_t>(found[i].size());
    for (const auto j : found[i]) ++result.begin[j + 1];
  }
  std::partial_sum(result.begin.begin(), result.begin.end(), result.begin.begin());
  result.indices.resize(result.begin[n]);
  auto end = result.begin;
  for (std::size_t i = 0; i < n; ++i)
    for (const auto j : found[i]) {
      result.indices[end[i]++] = j;
      result.indices[end[j]++] = static_cast<int64_t>(i);
    }
  for (std::size_t i = 0; i < n; ++i) std::sort(result.indices.begin() + result.begin[i], result.indices.begin() + result.begin[i + 1]);
  return result;
}

/// `Within` of prepared sequences, by distances of T; `rows`: as `each_row`'s.
template <class T, class M, class P, class Rows>
Within within_of(const M& measure, const std::vector<P>& prepared, double distance, const Rows& rows) {
  if (!(std::isfinite(distance) && distance >= 0)) refuse("within", "expected `distance` to be finite and >= 0, but got ", distance);
  const auto limit = static_cast<T>(distance);
  const auto n = static_cast<int64_t>(prepared.size());
  std::vector<std::vector<int64_t>> found(n);
  std::vector<int64_t> skipped(n);
  each_row(prepared, rows, [&](int64_t i, std::span<const int64_t> others) {
    const auto left = may_be_within(measure, prepared, i, others, limit);
    skipped[i] = static_cast<int64_t>(others.size() - 1 - left.size());
    const auto distances = measured(measure, prepared, i, left);
    for (std::size_t at = 0; at < left.size(); ++at)
      if (static_cast<T>(distances[at]) <= limit) found[i].push_back(left[at]);
  });
  auto result = both_ways(found);
  if (n > 1)
    result.pruned =
        static_cast<double>(std::accumulate(skipped.begin(), skipped.end(), int64_t{0})) / (0.5 * static_cast<double>(n * (n - 1)));
  return result;
}

}  // namespace detail

/// Who is within a distance of whom, without the matrix of all pairs: each pair is measured once, or not at all where a measure has
/// lower bounds (`Dtw`, `EditDistance`, `PerLength` of those) and they exclude it; the result is brute force's. A sequence is not its own
/// other; a distance that is NaN is within none. Throws `std::invalid_argument` on a distance below 0 or not finite, and as the measure does.
/// Memory: linear in N and the pairs found.
template <class M, class S>
Within within(const M& measure, const std::vector<S>& sequences, double distance) {
  return detail::within_of<double>(measure, detail::prepare_all(measure, sequences), distance, detail::in_order);
}

}  // namespace idcl::trajectory
