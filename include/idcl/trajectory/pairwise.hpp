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

/// All pairs of prepared sequences, each once: `use(i, others)` is called with each sequence, and with itself and those before it in the
/// order of lengths. `rows(n, work)` calls work(turn) for every turn < n, in any order, in as many threads as it likes.
template <class P, class Rows, class Use>
void each_row(const std::vector<P>& prepared, const Rows& rows, const Use& use) {
  const auto n = static_cast<int64_t>(prepared.size());
  const auto order = by_length(prepared);  // neighbours of one length, for measures that take several pairs at a time
  rows(n, [&](int64_t turn) {
    const auto i = turn % 2 == 0 ? turn / 2 : n - 1 - turn / 2;  // short rows and long ones by turns, so that threads get equal shares
    use(order[i], std::span<const int64_t>(order.data(), i + 1));
  });
}

/// Those of the prepared sequences.
template <class P>
std::vector<const P*> chosen(const std::vector<P>& prepared, std::span<const int64_t> indices) {
  std::vector<const P*> sequences;
  sequences.reserve(indices.size());
  for (const auto i : indices) sequences.push_back(&prepared[i]);
  return sequences;
}

/// How far sequence i is from each of `others`.
template <class M, class P>
std::vector<double> measured(const M& measure, const std::vector<P>& prepared, int64_t i, std::span<const int64_t> others) {
  const auto sequences = chosen(prepared, others);
  std::vector<double> distances(others.size());
  distances_from(measure, prepared[i], std::span<const P* const>(sequences), distances.data());
  return distances;
}

/// What it is at least.
template <class M, class P>
std::vector<double> bounded(const M& measure, const std::vector<P>& prepared, int64_t i, std::span<const int64_t> others) {
  const auto sequences = chosen(prepared, others);
  std::vector<double> bounds(others.size());
  measure.bounds(prepared[i], std::span<const P* const>(sequences), bounds.data());
  return bounds;
}

/// Distances of all pairs [N, N] of prepared sequences, row-major in `out`: each pair once, the diagonal too. `rows`: as `each_row`'s.
template <class T, class M, class P, class Rows>
void fill_pairwise(const M& measure, const std::vector<P>& prepared, T* out, const Pairwise& options, const Rows& rows) {
  const auto n = static_cast<int64_t>(prepared.size()), pairs = n * (n + 1) / 2;
  int64_t done = 0;
  std::mutex mutex;
  each_row(prepared, rows, [&](int64_t i, std::span<const int64_t> others) {
    const auto distances = measured(measure, prepared, i, others);
    for (std::size_t j = 0; j < others.size(); ++j) out[i * n + others[j]] = out[others[j] * n + i] = static_cast<T>(distances[j]);
    if (!options.progress) return;
    const std::lock_guard lock(mutex);
    done += static_cast<int64_t>(others.size());
    options.progress(done, pairs);
  });
}

/// Rows one after the other, on this thread.
inline constexpr auto in_order = [](int64_t count, const auto& work) {
  for (int64_t i = 0; i < count; ++i) work(i);
};

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
  detail::fill_pairwise(measure, prepared, distances.data(), options, detail::in_order);
  return distances;
}

}  // namespace idcl::trajectory
