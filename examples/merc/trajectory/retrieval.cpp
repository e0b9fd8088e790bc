#include "trajectory/retrieval.hpp"

#include "data/session.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace merc {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// Ranks from 0, equal values at their mean rank.
Eigen::VectorXd ranks(const Eigen::VectorXd& values) {
  std::vector<Eigen::Index> order(values.size());
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  Eigen::VectorXd result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    auto end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (auto i = begin; i < end; ++i) result[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return result;
}

double correlation(Eigen::VectorXd a, Eigen::VectorXd b) {
  if (a.size() == 0) return 0;
  a.array() -= a.mean();
  b.array() -= b.mean();
  const double scale = a.norm() * b.norm();
  return scale > 0 ? a.dot(b) / scale : 0;
}

}  // namespace

std::string scenario(std::string_view id) {
  if (session(id) == 0) return "";
  auto rest = id.substr(7);
  while (!rest.empty() && rest.back() >= 'a' && rest.back() <= 'z') rest.remove_suffix(1);
  return rest.empty() || !is_digit(rest.back()) ? "" : std::string(rest);
}

Retrieval retrieval(const Eigen::MatrixXd& distances, const std::vector<int>& groups) {
  constexpr std::size_t depth = 15;
  Retrieval result;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::vector<std::size_t> order;
    for (std::size_t j = 0; j < groups.size(); ++j)
      if (j != i) order.push_back(j);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return distances(i, a) < distances(i, b); });
    double precisions = 0;
    std::size_t found = 0, found_early = 0;
    for (std::size_t place = 0; place < order.size(); ++place) {
      if (groups[order[place]] != groups[i]) continue;
      precisions += static_cast<double>(++found) / static_cast<double>(place + 1);
      if (place < depth) found_early = found;
    }
    if (found == 0) continue;
    ++result.queries;
    result.mean_average_precision += precisions / static_cast<double>(found);
    result.recall_at_1 += groups[order.front()] == groups[i];
    result.recall_at_15 += static_cast<double>(found_early) / static_cast<double>(found);
  }
  const auto queries = static_cast<double>(std::max<int64_t>(1, result.queries));
  result.mean_average_precision /= queries;
  result.recall_at_1 /= queries;
  result.recall_at_15 /= queries;
  return result;
}

double length_correlation(const Eigen::MatrixXd& distances, const std::vector<int64_t>& lengths) {
  const auto n = distances.rows();
  Eigen::VectorXd distance(n * (n - 1) / 2), difference(distance.size());
  Eigen::Index pair = 0;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < i; ++j, ++pair) {
      distance[pair] = distances(i, j);
      difference[pair] = static_cast<double>(std::abs(lengths[i] - lengths[j]));
    }
  return correlation(ranks(distance), ranks(difference));
}

}  // namespace merc
