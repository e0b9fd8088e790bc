#pragma once

#include "idcl/trajectory/measure.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace idcl::trajectory {

/// How all pairs are gone through.
struct Pairwise {
  /// Called now and then, from one thread at a time, with how many pairs are done and how many there are.
  std::function<void(int64_t done, int64_t pairs)> progress = {};
};

namespace detail {

/// Indices by the prepared sequences' sizes, where they have one.
template <class P>
std::vector<int64_t> by_length(const std::vector<P>& prepared) {
  std::vector<int64_t> order(prepared.size());
  std::iota(order.begin(), order.end(), 0);
  if constexpr (requires(const P& p) { p.size() < p.size(); })
    std::sort(order.begin(), order.end(),
              [&](int64_t a, int64_t b) { return std::pair(prepared[a].size(), a) < std::pair(prepared[b].size(), b); });
  return order;
}

/// From `a` to each of `others`: many at a time, where the measure can.
template <class M, class P>
void distances_from(const M& measure, const P& a, std::span<const P* const> others, double* out) {
  if constexpr (requires { measure.distances(a, others, out); }) {
    measure.distances(a, others, out);
  } else {
    for (std::size_t j = 0; j < others.size(); ++j) out[j] = static_cast<double>(measure.distance(a, *others[j]));
  }
}

/// Distances of all pairs [N, N] of prepared sequences, row-major in `out`: each pair once, the diagonal too. `rows(n, work)` calls
/// work(i) for every i < n, in any order, in as many threads as it likes.
template <class T, class M, class P, class Rows>
void fill_pairwise(const M& measure, const std::vector<P>& prepared, T* out, const Pairwise& options, const Rows& rows) {
  const auto n = static_cast<int64_t>(prepared.size()), pairs = n * (n + 1) / 2;
  int64_t done = 0;
  std::mutex mutex;
  const auto order = by_length(prepared);  // neighbours of one length, for measures that take several pairs at a time
  std::vector<const P*> sorted;
  for (const auto i : order) sorted.push_back(&prepared[i]);
  rows(n, [&](int64_t turn) {
    const auto i = turn % 2 == 0 ? turn / 2 : n - 1 - turn / 2;  // short rows and long ones by turns, so that threads get equal shares
    std::vector<double> row(i + 1);
    distances_from(measure, *sorted[i], std::span<const P* const>(sorted.data(), i + 1), row.data());
    for (int64_t j = 0; j <= i; ++j) out[order[i] * n + order[j]] = out[order[j] * n + order[i]] = static_cast<T>(row[j]);
    if (!options.progress) return;
    const std::lock_guard lock(mutex);
    done += i + 1;
    options.progress(done, pairs);
  });
}

/// Every sequence prepared.
template <class M, class S>
auto prepare_all(const M& measure, const std::vector<S>& sequences) {
  const auto prepare = [&](const S& sequence) {
    return Reader<S>::read(sequence, [&](const auto& view) { return measure.prepare(view); });
  };
  std::vector<decltype(prepare(sequences.front()))> prepared;
  prepared.reserve(sequences.size());
  for (const auto& sequence : sequences) prepared.push_back(prepare(sequence));
  return prepared;
}

}  // namespace detail

/// measure(a, b) of all pairs of sequences, [N, N], symmetric; each sequence is prepared once and each pair computed once, on this thread.
template <class M, class S>
Eigen::MatrixXd pairwise(const M& measure, const std::vector<S>& sequences, const Pairwise& options = {}) {
  const auto prepared = detail::prepare_all(measure, sequences);
  const auto n = static_cast<Eigen::Index>(prepared.size());
  Eigen::MatrixXd distances(n, n);
  detail::fill_pairwise(measure, prepared, distances.data(), options, [](int64_t count, const auto& work) {
    for (int64_t i = 0; i < count; ++i) work(i);
  });
  return distances;
}

}  // namespace idcl::trajectory
