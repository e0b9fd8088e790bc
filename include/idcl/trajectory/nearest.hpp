#pragma once

#include "idcl/trajectory/pairwise.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace idcl::trajectory {

/// The k nearest others of each sequence, nearest first; ties go to the lower index.
struct Nearest {
  Eigen::MatrixXd distances;                                       ///< [N, k]
  Eigen::Matrix<int64_t, Eigen::Dynamic, Eigen::Dynamic> indices;  ///< [N, k]
  double pruned = 0;                                               ///< the share of pairs that a lower bound made unnecessary
};

namespace detail {

/// The k nearest of one sequence, as they are found.
struct Best {
  std::vector<std::pair<double, int64_t>> found;  // ascending
  std::size_t k;

  double worst() const { return found.size() < k ? std::numeric_limits<double>::infinity() : found.back().first; }
  void offer(double distance, int64_t index) {
    const std::pair candidate(distance, index);
    if (found.size() == k && !(candidate < found.back())) return;
    if (found.size() == k) found.pop_back();
    found.insert(std::upper_bound(found.begin(), found.end(), candidate), candidate);
  }
};

/// Goes through the others in order of their lower bounds, and stops where the bound exceeds the k-th distance. Returns how many were
/// not measured.
template <class M, class P>
int64_t find_nearest(const M& measure, const std::vector<P>& prepared, int64_t i, Best& best) {
  constexpr std::size_t at_once = 8;  // as many lanes as there are at most
  std::vector<const P*> others;
  for (const auto& other : prepared) others.push_back(&other);
  std::vector<double> bounds(prepared.size(), -std::numeric_limits<double>::infinity());
  if constexpr (requires { measure.bounds(prepared[i], std::span<const P* const>(others), bounds.data()); })
    measure.bounds(prepared[i], std::span<const P* const>(others), bounds.data());
  std::vector<int64_t> order(prepared.size());
  std::iota(order.begin(), order.end(), 0);
  order.erase(order.begin() + i);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return std::pair(bounds[a], a) < std::pair(bounds[b], b); });
  std::vector<double> distances(at_once);
  std::size_t next = 0;
  while (next < order.size() && bounds[order[next]] <= best.worst()) {
    std::vector<const P*> batch;
    const auto first = next;
    while (next < order.size() && batch.size() < at_once && bounds[order[next]] <= best.worst()) batch.push_back(&prepared[order[next++]]);
    distances_from(measure, prepared[i], std::span<const P* const>(batch), distances.data());
    for (std::size_t j = 0; j < batch.size(); ++j) best.offer(distances[j], order[first + j]);
  }
  return static_cast<int64_t>(order.size() - next);
}

/// `Nearest` of prepared sequences; `rows(n, work)` calls work(i) for every i < n.
template <class M, class P, class Rows>
Nearest nearest_of(const M& measure, const std::vector<P>& prepared, int64_t k, const Rows& rows) {
  check_at_least("nearest", "k", k, 0);
  const auto n = static_cast<int64_t>(prepared.size());
  k = std::max<int64_t>(0, std::min(k, n - 1));
  Nearest result{Eigen::MatrixXd(n, k), Eigen::Matrix<int64_t, Eigen::Dynamic, Eigen::Dynamic>(n, k)};
  if (k == 0) return result;
  std::vector<int64_t> skipped(n);
  rows(n, [&](int64_t i) {
    Best best{.found = {}, .k = static_cast<std::size_t>(k)};
    skipped[i] = find_nearest(measure, prepared, i, best);
    for (int64_t j = 0; j < k; ++j) result.distances(i, j) = best.found[j].first, result.indices(i, j) = best.found[j].second;
  });
  result.pruned = static_cast<double>(std::accumulate(skipped.begin(), skipped.end(), int64_t{0})) / static_cast<double>(n * (n - 1));
  return result;
}

}  // namespace detail

/// The k nearest others of each sequence without the matrix of all pairs: measures that have lower bounds (`Dtw` of rows: LB_Keogh;
/// `EditDistance`: shared labels) skip the pairs that those exclude, and the result is brute force's. k beyond N - 1 is N - 1. Memory O(N k).
template <class M, class S>
Nearest nearest(const M& measure, const std::vector<S>& sequences, int64_t k) {
  return detail::nearest_of(measure, detail::prepare_all(measure, sequences), k, [](int64_t count, const auto& work) {
    for (int64_t i = 0; i < count; ++i) work(i);
  });
}

}  // namespace idcl::trajectory
