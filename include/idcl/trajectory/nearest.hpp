#pragma once

#include "idcl/trajectory/pairwise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
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

/// The k nearest of one sequence, as they are found, in any order. Distances are compared as numbers of T, what they are returned in.
template <class T>
struct Best {
  std::vector<std::pair<T, int64_t>> found;  // ascending
  std::size_t k;

  T worst() const { return found.size() < k ? std::numeric_limits<T>::infinity() : found.back().first; }
  void offer(double distance, int64_t index) {
    const std::pair candidate(std::isnan(distance) ? std::numeric_limits<T>::infinity() : static_cast<T>(distance), index);
    if (found.size() == k && !(candidate < found.back())) return;
    if (found.size() == k) found.pop_back();
    found.insert(std::upper_bound(found.begin(), found.end(), candidate), candidate);
  }
};

/// The others of sequence i by the measure's lower bounds, ascending, with those bounds.
template <class T, class M, class P>
std::vector<std::pair<T, int64_t>> by_bound(const M& measure, const std::vector<P>& prepared, int64_t i) {
  std::vector<int64_t> others;
  for (int64_t j = 0; j < static_cast<int64_t>(prepared.size()); ++j)
    if (j != i) others.push_back(j);
  const auto bounds = bounded(measure, prepared, i, others);
  std::vector<std::pair<T, int64_t>> order;
  for (std::size_t at = 0; at < others.size(); ++at) order.emplace_back(static_cast<T>(bounds[at]), others[at]);
  std::sort(order.begin(), order.end());
  return order;
}

/// Goes through the others in order of their lower bounds, and stops where the bound exceeds the k-th distance. Returns how many were
/// not measured.
template <class T, class M, class P>
int64_t find_nearest(const M& measure, const std::vector<P>& prepared, int64_t i, Best<T>& best) {
  constexpr std::size_t at_once = 8;  // as many lanes as there are at most
  const auto order = by_bound<T>(measure, prepared, i);
  std::size_t next = 0;
  const auto may_be_near = [&] { return next < order.size() && order[next].first <= best.worst(); };
  while (may_be_near()) {
    std::vector<int64_t> batch;
    while (batch.size() < at_once && may_be_near()) batch.push_back(order[next++].second);
    const auto distances = measured(measure, prepared, i, batch);
    for (std::size_t j = 0; j < batch.size(); ++j) best.offer(distances[j], batch[j]);
  }
  return static_cast<int64_t>(order.size() - next);
}

/// The nearest of sequences [begin, end) by bounds, each on its own. Returns how many pairs were not measured.
template <class T, class M, class P, class Rows>
int64_t search_bounded(const M& measure, const std::vector<P>& prepared, int64_t begin, int64_t end, std::vector<Best<T>>& best,
                       const Rows& rows) {
  std::vector<int64_t> skipped(end - begin);
  rows(end - begin, [&](int64_t turn) { skipped[turn] = find_nearest(measure, prepared, begin + turn, best[begin + turn]); });
  return std::accumulate(skipped.begin(), skipped.end(), int64_t{0});
}

/// The nearest without bounds: each pair is measured once and offered to both.
template <class T, class M, class P, class Rows>
void search_all(const M& measure, const std::vector<P>& prepared, std::vector<Best<T>>& best, const Rows& rows) {
  std::vector<std::mutex> mutexes(prepared.size());
  const auto offer = [&](int64_t to, double distance, int64_t index) {
    const std::lock_guard lock(mutexes[to]);
    best[to].offer(distance, index);
  };
  each_row(prepared, rows, [&](int64_t i, std::span<const int64_t> others) {
    const auto distances = measured(measure, prepared, i, others);
    for (std::size_t j = 0; j < others.size(); ++j) {
      if (others[j] == i) continue;
      offer(i, distances[j], others[j]);
      offer(others[j], distances[j], i);
    }
  });
}

/// The nearest by bounds, if those spare the first few sequences more than half of their pairs: measured from either side, the others
/// take longer than all pairs measured once. Returns the share of pairs that were not measured.
template <class T, class M, class P, class Rows>
double search(const M& measure, const std::vector<P>& prepared, std::vector<Best<T>>& best, const Rows& rows) {
  if constexpr (Bounds<M, P>) {
    const auto n = static_cast<int64_t>(prepared.size()), tried = std::min<int64_t>(n, 16);
    auto skipped = search_bounded(measure, prepared, 0, tried, best, rows);
    if (2 * skipped > tried * (n - 1)) {
      skipped += search_bounded(measure, prepared, tried, n, best, rows);
      return static_cast<double>(skipped) / static_cast<double>(n * (n - 1));
    }
    for (int64_t i = 0; i < tried; ++i) best[i].found.clear();
  }
  search_all(measure, prepared, best, rows);
  return 0;
}

/// `Nearest` of prepared sequences, by distances of T; `rows(n, work)` calls work(i) for every i < n.
template <class T, class M, class P, class Rows>
Nearest nearest_of(const M& measure, const std::vector<P>& prepared, int64_t k, const Rows& rows) {
  check_at_least("nearest", "k", k, 0);
  const auto n = static_cast<int64_t>(prepared.size());
  k = std::max<int64_t>(0, std::min(k, n - 1));
  Nearest result{Eigen::MatrixXd(n, k), Eigen::Matrix<int64_t, Eigen::Dynamic, Eigen::Dynamic>(n, k)};
  if (k == 0) return result;
  std::vector<Best<T>> best(n, Best<T>{.found = {}, .k = static_cast<std::size_t>(k)});
  result.pruned = search(measure, prepared, best, rows);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < k; ++j) result.distances(i, j) = best[i].found[j].first, result.indices(i, j) = best[i].found[j].second;
  return result;
}

}  // namespace detail

/// The k nearest others of each sequence without the matrix of all pairs: measures that have lower bounds (`Dtw`, `EditDistance`,
/// `PerLength` of those) skip the pairs that those exclude, where that is more than half; else each pair is measured once. The result is
/// brute force's. A distance that is NaN is taken for infinite. k beyond N - 1 is N - 1. Memory O(N k).
template <class M, class S>
Nearest nearest(const M& measure, const std::vector<S>& sequences, int64_t k) {
  return detail::nearest_of<double>(measure, detail::prepare_all(measure, sequences), k, detail::in_order);
}

}  // namespace idcl::trajectory
