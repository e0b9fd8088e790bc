#pragma once

#include "support/golden.hpp"
#include "support/oracle.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

/// Losses over rankings as their formulas read: loops over pairs, and over pairs of pairs.
namespace idcl::test::oracle {

inline std::vector<std::size_t> of_role(const Roles& roles, std::size_t i, Role role) {
  std::vector<std::size_t> found;
  for (std::size_t j = 0; j < roles[i].size(); ++j)
    if (roles[i][j] == role) found.push_back(j);
  return found;
}

/// The share of a value that node b gets: a triangle of that width.
inline Real triangle(Real value, Real node, Real width) { return std::max(Real{0}, 1 - std::abs(value - node) / width); }

/// 1 - 1/|P| sum_b h+_b H+_b / H_b over squared distances d = 2 - 2 s in [0, 4].
inline Rows fast_ap(const Matrix& s, const Roles& roles, bool /*self*/, const golden::Json& options) {
  const auto bins = options.value("num_bins", 10);
  const Real width = Real{4} / bins;
  Rows rows(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto positives = of_role(roles, i, Role::Positive), negatives = of_role(roles, i, Role::Negative);
    if (positives.empty()) continue;
    Real precision = 0, positives_so_far = 0, so_far = 0;
    for (int b = 0; b <= bins; ++b) {
      Real h = 0;
      for (const auto j : positives) h += triangle(2 - 2 * s[i][j], b * width, width);
      positives_so_far += h, so_far += h;
      for (const auto j : negatives) so_far += triangle(2 - 2 * s[i][j], b * width, width);
      if (h > 0) precision += h * positives_so_far / so_far;
    }
    rows[i] = {.loss = 1 - precision / positives.size(), .terms = 1};
  }
  return rows;
}

/// sum_r p-_r sum_{q <= r} p+_q over pairs of anchors that have both, each pair once.
inline Rows histogram(const Matrix& s, const Roles& roles, bool self, const golden::Json& options) {
  const Real width = options.contains("delta") ? options.at("delta").get<double>() : Real{2} / options.value("n_bins", 100);
  const auto ranks = [&](std::size_t i) {
    return !of_role(roles, i, Role::Positive).empty() && !of_role(roles, i, Role::Negative).empty();
  };
  const auto nodes = static_cast<std::size_t>(std::ceil(2 / width - 1e-9)) + 1;
  std::vector<Real> positive(nodes), negative(nodes);
  Real positives = 0, negatives = 0;
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = self ? i + 1 : 0; j < s[i].size(); ++j) {
      const auto named = [&](Role role) { return (roles[i][j] == role && ranks(i)) || (self && roles[j][i] == role && ranks(j)); };
      for (std::size_t r = 0; r < nodes; ++r) {
        const auto share = triangle(s[i][j], r * width - 1, width);
        if (named(Role::Positive)) positive[r] += share, positives += share;
        if (named(Role::Negative)) negative[r] += share, negatives += share;
      }
    }
  if (positives == 0 || negatives == 0) return {{.loss = 0, .terms = 1}};
  Real loss = 0, beneath = 0;
  for (std::size_t r = 0; r < nodes; ++r) beneath += positive[r] / positives, loss += negative[r] / negatives * beneath;
  return {{.loss = loss, .terms = 1}};
}

/// mean_{k in G} cost(R-_k, R+_k); G: the positives, and the anchor in a set compared with itself.
template <class Cost>
Rows ranks(const Matrix& s, const Roles& roles, bool self, Real temperature, const Cost& cost) {
  Rows rows(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    auto group = of_role(roles, i, Role::Positive);
    if (group.empty()) continue;
    if (self) group.push_back(i);
    const auto ahead = [&](std::size_t j, std::size_t k) { return 1 / (1 + std::exp((s[i][k] - s[i][j]) / temperature)); };
    Real sum = 0;
    for (const auto k : group) {
      Real before = 0, among = 1;
      for (const auto n : of_role(roles, i, Role::Negative)) before += ahead(n, k);
      for (const auto p : group)
        if (p != k) among += ahead(p, k);
      sum += cost(before, among);
    }
    rows[i] = {.loss = sum / group.size(), .terms = 1};
  }
  return rows;
}

inline Rows smooth_ap(const Matrix& s, const Roles& roles, bool self, const golden::Json& options) {
  return ranks(s, roles, self, options.value("temperature", 0.01), [](Real before, Real among) { return 1 - among / (among + before); });
}

inline Rows pnp(const Matrix& s, const Roles& roles, bool self, const golden::Json& options) {
  const auto variant = options.value("variant", std::string("O"));
  const Real b = options.value("b", 2.0), alpha = options.value("alpha", 1.0);
  return ranks(s, roles, self, options.value("anneal", 0.01), [&](Real before, Real) -> Real {
    if (variant == "Ds") return std::log(1 + before);
    if (variant == "Dq") return 1 - std::pow(1 + before, -alpha);
    if (variant == "Iu") return (1 + before) * std::log(1 + before);
    if (variant == "Ib") return (b * before - std::log(1 + b * before)) / (b * b);
    return before;
  });
}

}  // namespace idcl::test::oracle
