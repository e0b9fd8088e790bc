#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <vector>

/// The losses as their definitions read: loops over pairs in long double, exponentials and logarithms as they stand.
namespace idcl::test::oracle {

using at::Tensor;
using Real = long double;
using Matrix = std::vector<std::vector<Real>>;

inline Matrix matrix_of(const Tensor& x) {
  const auto values = x.detach().to(at::kDouble).contiguous();
  Matrix result(values.size(0), std::vector<Real>(values.size(1)));
  for (int64_t i = 0; i < values.size(0); ++i)
    for (int64_t d = 0; d < values.size(1); ++d) result[i][d] = values.data_ptr<double>()[i * values.size(1) + d];
  return result;
}

inline Real inner(const std::vector<Real>& a, const std::vector<Real>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), Real{0});
}

/// Inner products, or cosines with |x| no less than 1e-12.
inline Matrix similarities(const Tensor& x, const Tensor& y, bool cosine = true) {
  const auto a = matrix_of(x), b = matrix_of(y);
  const auto length = [](const std::vector<Real>& row) { return std::max(std::sqrt(inner(row, row)), Real{1e-12}); };
  Matrix result(a.size(), std::vector<Real>(b.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j) result[i][j] = inner(a[i], b[j]) / (cosine ? length(a[i]) * length(b[j]) : 1);
  return result;
}

inline Matrix transposed(const Matrix& s) {
  Matrix result(s.empty() ? 0 : s[0].size(), std::vector<Real>(s.size()));
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = 0; j < s[i].size(); ++j) result[j][i] = s[i][j];
  return result;
}

/// A pair's part in row i.
enum class Role { Ignored, Positive, Negative };
inline std::ostream& operator<<(std::ostream& stream, Role role) {
  return stream << (role == Role::Positive ? '+' : role == Role::Negative ? '-' : '.');
}
using Roles = std::vector<std::vector<Role>>;

/// role(i, j) of every pair.
template <class RoleOf>
Roles roles(const Matrix& s, const RoleOf& role) {
  Roles result(s.size());
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = 0; j < s[i].size(); ++j) result[i].push_back(role(static_cast<int64_t>(i), static_cast<int64_t>(j)));
  return result;
}

inline Roles diagonal_positive(const Matrix& s) {
  return roles(s, [](int64_t i, int64_t j) { return i == j ? Role::Positive : Role::Negative; });
}

inline Roles same_label_positive(const Matrix& s, const Tensor& a, const Tensor& b, bool self) {
  return roles(s, [&](int64_t i, int64_t j) {
    if (self && i == j) return Role::Ignored;
    return a[i].item<int64_t>() == b[j].item<int64_t>() ? Role::Positive : Role::Negative;
  });
}

/// The k others of highest similarity, the lower index first among equals.
inline std::vector<std::vector<int64_t>> nearest(const Matrix& s, int64_t k, bool self = true) {
  std::vector<std::vector<int64_t>> result;
  for (std::size_t i = 0; i < s.size(); ++i) {
    std::vector<int64_t> order(s[i].size());
    std::iota(order.begin(), order.end(), 0);
    if (self) order.erase(order.begin() + static_cast<int64_t>(i));
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return s[i][a] > s[i][b]; });
    order.resize(std::min<std::size_t>(k, order.size()));
    result.push_back(order);
  }
  return result;
}

inline Roles nearest_positive(const Matrix& mined, int64_t k, bool self_is_negative) {
  const auto lists = nearest(mined, k);
  return roles(mined, [&](int64_t i, int64_t j) {
    if (i == j) return self_is_negative ? Role::Negative : Role::Ignored;
    return std::find(lists[i].begin(), lists[i].end(), j) != lists[i].end() ? Role::Positive : Role::Negative;
  });
}

/// A row's sum of terms, and how many there are.
struct Row {
  Real loss = 0;
  int64_t terms = 0;
};
using Rows = std::vector<Row>;

/// Positives summed inside the logarithm: -log((P + e) / (P + N + e)), e = epsilon times the row's largest term, itself included.
inline Rows inside(const Matrix& s, const Roles& role, Real temperature, Real epsilon = 0) {
  Rows rows(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    Real positive = 0, negative = 0, largest = 0;
    for (std::size_t j = 0; j < s[i].size(); ++j) {
      const auto term = std::exp(s[i][j] / temperature);
      largest = std::max(largest, term);
      if (role[i][j] == Role::Positive) positive += term, rows[i].terms = 1;
      if (role[i][j] == Role::Negative) negative += term;
    }
    if (rows[i].terms) rows[i].loss = std::log1p(negative / (positive + epsilon * largest));
  }
  return rows;
}

/// Logarithms averaged over the positives: mean_p -log(exp(s_p / t) / (P + N)).
inline Rows outside(const Matrix& s, const Roles& role, Real temperature) {
  Rows rows(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    Real all = 0, sum = 0;
    int64_t positives = 0;
    for (std::size_t j = 0; j < s[i].size(); ++j) {
      if (role[i][j] == Role::Ignored) continue;
      all += std::exp(s[i][j] / temperature);
      if (role[i][j] == Role::Positive) ++positives, sum += s[i][j] / temperature;
    }
    if (positives) rows[i] = {.loss = std::log(all) - sum / positives, .terms = 1};
  }
  return rows;
}

inline Tensor losses(const Rows& rows) {
  auto result = at::zeros({static_cast<int64_t>(rows.size())}, at::kDouble);
  for (std::size_t i = 0; i < rows.size(); ++i) result[static_cast<int64_t>(i)] = static_cast<double>(rows[i].loss);
  return result;
}

inline double sum(const Rows& rows) {
  Real total = 0;
  for (const auto& row : rows) total += row.loss;
  return static_cast<double>(total);
}

inline double mean(const Rows& rows) {
  int64_t terms = 0;
  for (const auto& row : rows) terms += row.terms;
  return sum(rows) / static_cast<double>(std::max<int64_t>(terms, 1));
}

}  // namespace idcl::test::oracle
