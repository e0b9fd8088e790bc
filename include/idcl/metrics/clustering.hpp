#pragma once

#include "idcl/core/check.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace idcl::metrics {

namespace detail {

/// How often each class meets each cluster, where it does.
struct Contingency {
  std::vector<double> joint;           ///< elements of each pair (class, cluster) that occurs
  std::vector<double> a_of, b_of;      ///< that class's and that cluster's size
  std::vector<double> a_size, b_size;  ///< of each class, of each cluster
  double n = 0;
};

inline std::vector<double> numbers(const Tensor& x) {
  const auto values = x.to(at::kCPU, at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

inline Contingency contingency(const char* where, const Tensor& labels, const Tensor& clusters) {
  TORCH_CHECK(labels.defined() && labels.dim() == 1, where, ": expected `labels` to be 1-D [N], but got ",
              labels.defined() ? c10::str(labels.sizes()) : "an undefined tensor");
  check::labels(where, "labels", labels, labels);
  check::labels(where, "clusters", clusters, labels);
  const auto [a, a_place, a_count] = at::_unique2(labels, true, true, true);
  const auto [b, b_place, b_count] = at::_unique2(clusters, true, true, true);
  const auto [pair, _, count] = at::_unique2(a_place * std::max<int64_t>(b.numel(), 1) + b_place, true, false, true);
  const auto i = pair.floor_divide(std::max<int64_t>(b.numel(), 1)), j = pair.remainder(std::max<int64_t>(b.numel(), 1));
  return {numbers(count),   numbers(a_count.index_select(0, i)), numbers(b_count.index_select(0, j)), numbers(a_count),
          numbers(b_count), static_cast<double>(labels.numel())};
}

inline double entropy(const std::vector<double>& sizes, double n) {
  double sum = 0;
  for (const auto size : sizes) sum -= size / n * std::log(size / n);
  return sum;
}

inline double mutual_information(const Contingency& of) {
  double sum = 0;
  for (std::size_t k = 0; k < of.joint.size(); ++k)
    sum += of.joint[k] / of.n * (std::log(of.joint[k] / of.a_of[k]) + std::log(of.n / of.b_of[k]));
  return std::max(sum, 0.0);
}

/// The distinct sizes and how many classes have each.
struct Sizes {
  std::vector<double> size, times;
};
inline Sizes distinct(std::vector<double> sizes) {
  std::sort(sizes.begin(), sizes.end());
  Sizes result;
  for (const auto size : sizes) {
    if (result.size.empty() || result.size.back() != size) result.size.push_back(size), result.times.push_back(0);
    ++result.times.back();
  }
  return result;
}

/// The mutual information to expect of two labellings with these sizes by chance: Vinh et al. 2010, eq. 24a. Sizes that occur several
/// times are computed once.
inline double expected_mutual_information(const Contingency& of) {
  const auto log_factorial = [](double k) { return std::lgamma(k + 1); };
  const auto n = of.n;
  const auto classes = distinct(of.a_size), clusters = distinct(of.b_size);
  double sum = 0;
  for (std::size_t i = 0; i < classes.size.size(); ++i)
    for (std::size_t j = 0; j < clusters.size.size(); ++j) {
      const auto a = classes.size[i], b = clusters.size[j];
      const auto fixed = log_factorial(a) + log_factorial(b) + log_factorial(n - a) + log_factorial(n - b) - log_factorial(n);
      double expected = 0;
      for (double k = std::max(1.0, a + b - n); k <= std::min(a, b); ++k) {
        const auto chance = std::exp(fixed - log_factorial(k) - log_factorial(a - k) - log_factorial(b - k) - log_factorial(n - a - b + k));
        expected += k / n * (std::log(k / a) + std::log(n / b)) * chance;
      }
      sum += classes.times[i] * clusters.times[j] * expected;
    }
  return sum;
}

}  // namespace detail

/// Normalized mutual information of two labellings of the same elements, in [0, 1]: I(labels, clusters) / mean of their entropies.
///
/// labels and clusters: integers [N]; which numbers they are does not matter. 1 where both are a single group, or empty. Throws on
/// shapes, types and devices that disagree. Time O(N log N).
inline double normalized_mutual_information(const Tensor& labels, const Tensor& clusters) {
  const auto table = detail::contingency("idcl::metrics::normalized_mutual_information", labels, clusters);
  if (table.a_size.size() <= 1 && table.b_size.size() <= 1) return 1;
  const auto mean = (detail::entropy(table.a_size, table.n) + detail::entropy(table.b_size, table.n)) / 2;
  return detail::mutual_information(table) / mean;
}

/// Mutual information adjusted for chance, at most 1, 0 on average for labellings that have nothing to do with each other:
///
///   (I - E[I]) / (mean of the entropies - E[I])
///
/// labels and clusters: integers [N]. 1 where both are a single group, or empty, or all groups of one; 0 where one of them is a single
/// group. Throws on shapes, types and devices that disagree. Time O(N log N), and N for each two distinct sizes of groups. Vinh et al.
/// 2010, eq. 24a and table 2.
inline double adjusted_mutual_information(const Tensor& labels, const Tensor& clusters) {
  const auto table = detail::contingency("idcl::metrics::adjusted_mutual_information", labels, clusters);
  if (table.a_size.size() <= 1 && table.b_size.size() <= 1) return 1;
  if (table.a_size.size() == 1 || table.b_size.size() == 1) return 0;
  const auto all_alone = [&](const std::vector<double>& sizes) { return static_cast<double>(sizes.size()) == table.n; };
  if (all_alone(table.a_size) && all_alone(table.b_size)) return 1;  // nothing is left to chance: 0 / 0
  const auto expected = detail::expected_mutual_information(table);
  const auto mean = (detail::entropy(table.a_size, table.n) + detail::entropy(table.b_size, table.n)) / 2;
  return (detail::mutual_information(table) - expected) / (mean - expected);
}

}  // namespace idcl::metrics
