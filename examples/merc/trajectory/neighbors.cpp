#include "trajectory/neighbors.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace merc {

Groups group_by(const std::vector<std::string>& names) {
  Groups groups{.of = {}, .names = names};
  auto& sorted = groups.names;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  for (const auto& name : names)
    groups.of.push_back(static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), name) - sorted.begin()));
  return groups;
}

std::vector<std::vector<int>> cosine_neighbors(const Eigen::MatrixXd& rows, int k) {
  Eigen::MatrixXd directions = rows;
  for (auto row : directions.rowwise())
    if (const double norm = row.norm(); norm > 0) row /= norm;
  const Eigen::MatrixXd cosines = directions * directions.transpose();  // [N, N]
  const auto count = static_cast<int>(rows.rows());
  std::vector<std::vector<int>> neighbors(rows.rows());
  for (int i = 0; i < count; ++i) {
    auto& order = neighbors[i];
    order.resize(count);
    std::iota(order.begin(), order.end(), 0);
    order.erase(order.begin() + i);
    const auto kept = order.begin() + std::clamp(k, 0, count - 1);
    std::partial_sort(order.begin(), kept, order.end(),
                      [&](int a, int b) { return cosines(i, a) != cosines(i, b) ? cosines(i, a) > cosines(i, b) : a < b; });
    order.erase(kept, order.end());
  }
  return neighbors;
}

Agreement agreement(const std::vector<std::vector<int>>& neighbors, const std::vector<int>& groups) {
  std::map<int, int> sizes;
  for (const int group : groups) ++sizes[group];
  Agreement mean;
  double asked = 0;
  for (std::size_t i = 0; i < neighbors.size(); ++i) {
    const auto& found = neighbors[i];
    if (found.empty()) continue;
    ++asked;
    const auto k = static_cast<double>(found.size()), others = static_cast<double>(sizes[groups[i]] - 1);
    mean.share += static_cast<double>(std::count_if(found.begin(), found.end(), [&](int j) { return groups[j] == groups[i]; })) / k;
    mean.chance += others / static_cast<double>(groups.size() - 1);
    mean.most += std::min(k, others) / k;
    mean.nearest += groups[found.front()] == groups[i];
  }
  for (auto* figure : {&mean.share, &mean.chance, &mean.most, &mean.nearest})
    if (asked > 0) *figure /= asked;
  return mean;
}

}  // namespace merc
