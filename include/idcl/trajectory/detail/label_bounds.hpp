#pragma once

#include "idcl/trajectory/detail/bounds.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace idcl::trajectory::detail {

/// Where larger labels occur nothing is bounded: a table by label would be mostly empty.
inline constexpr int64_t most_bounded_labels = 256;

/// What it costs to align the labels of `a` with every label of `others`: [n, 1 + the largest], 0 where a label does not occur. Of no
/// columns where labels are too large.
template <class Cost>
RowMajor<double> label_costs(const Cost& cost, const std::vector<int64_t>& a, std::span<const std::vector<int64_t>* const> others) {
  int64_t labels = 0;
  for (const auto* other : others) labels = std::max(labels, 1 + *std::max_element(other->begin(), other->end()));
  const auto n = static_cast<Eigen::Index>(a.size());
  if (labels > most_bounded_labels) return RowMajor<double>(n, 0);
  RowMajor<double> costs = RowMajor<double>::Zero(n, labels);
  std::vector<char> met(labels);
  for (const auto* other : others)
    for (const auto label : *other)
      if (!std::exchange(met[label], 1))
        for (Eigen::Index i = 0; i < n; ++i) costs(i, label) = static_cast<double>(cost(a[i], label));
  return costs;
}

/// From the labels `a` to each of `others`, less what rounding may have added: every label of either is aligned with one of the other, at
/// no less than the cheapest of those, and the first and the last with each other. `band_of`: as `dtw_bounds` of rows has it; the labels of
/// `others` are held against those of `a` within the band. A cost below 0, or NaN, bounds nothing.
template <class Cost, class BandOf>
void dtw_bounds(const Cost& cost, const std::vector<int64_t>& a, std::span<const std::vector<int64_t>* const> others, const BandOf& band_of,
                double* out) {
  const auto costs = label_costs(cost, a, others);  // [n, labels]
  const auto n = static_cast<int64_t>(a.size());
  if (costs.cols() == 0 || !(costs.array() >= 0).all()) {
    std::fill_n(out, others.size(), -std::numeric_limits<double>::infinity());
    return;
  }
  std::map<int64_t, RowMajor<double>> cheapest;                  // within the band of each place, [m, labels], by m; at 0: anywhere
  std::vector<std::size_t> met_in(costs.cols(), others.size());  // which other a label was met in last
  std::vector<int64_t> alphabet;                                 // of the other
  for (std::size_t at = 0; at < others.size(); ++at) {
    const auto& other = *others[at];
    const auto m = static_cast<int64_t>(other.size()), band = band_of(n, m);
    const bool anywhere = band >= std::max(n, m);
    auto found = cheapest.find(anywhere ? 0 : m);
    if (found == cheapest.end()) found = cheapest.emplace(anywhere ? 0 : m, by_window(costs, anywhere ? 1 : m, band, least)).first;
    alphabet.clear();
    for (const auto label : other)
      if (std::exchange(met_in[label], at) != at) alphabet.push_back(label);

    const auto ends = costs(0, other[0]) + (n + m > 2 ? costs(n - 1, other[m - 1]) : 0);
    double of_a = ends, of_other = ends;
    for (int64_t t = 1; t < m - 1; ++t) of_other += found->second(anywhere ? 0 : t, other[t]);
    for (int64_t i = 1; i < n - 1; ++i) {
      auto cheap = costs(i, alphabet[0]);
      for (const auto label : alphabet) cheap = std::min(cheap, costs(i, label));
      of_a += cheap;
    }
    const auto share = rounding<double>(n + m, n + m);
    out[at] = share < 1 ? std::max(of_a, of_other) * (1 - share) : 0;
  }
}

}  // namespace idcl::trajectory::detail
