#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/bounds.hpp"
#include "idcl/trajectory/detail/groups.hpp"
#include "idcl/trajectory/measure.hpp"

#include <algorithm>
#include <concepts>
#include <limits>
#include <span>
#include <vector>

namespace idcl::trajectory {

/// Edit distance over the longer length: the least that inserting, deleting (1 each) and substituting (`cost`) labels takes.
///
///     R(i, j) = min(R(i-1, j-1) + c(x_i, y_j), R(i-1, j) + 1, R(i, j-1) + 1),   R(i, 0) = i,   R(0, j) = j,   d = R(n, m) / max(n, m)
///
/// In [0, 1]. Labels [L]; an empty sequence is at distance 1 from any other and 0 from another empty one. Throws
/// `std::invalid_argument` on negative labels. Time O(n m), memory O(n + m). Levenshtein 1966.
template <class Cost = cost::ZeroOne>
struct EditDistance {
  static constexpr auto name = "EditDistance";
  Cost cost = {};  ///< of a substitution, of two labels, >= 0

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  std::vector<int64_t> prepare(const Labels& labels) const
    requires detail::Costs<Cost, Labels>
  {
    detail::check_labels(name, labels);
    return detail::own(labels);
  }

  double distance(const std::vector<int64_t>& a, const std::vector<int64_t>& b) const { return detail::distance_of_one(*this, a, b); }

  /// From `a` to each of `others`, into `out`.
  void distances(const std::vector<int64_t>& a, std::span<const std::vector<int64_t>* const> others, double* out) const {
    if (a.empty()) {
      for (std::size_t i = 0; i < others.size(); ++i) out[i] = others[i]->empty() ? 0 : 1;
      return;
    }
    const auto no_band = [](int64_t, int64_t) { return std::numeric_limits<int64_t>::max(); };
    detail::sweep_groups(name, detail::Editing{}, cost, a, others, no_band, out);
    for (std::size_t i = 0; i < others.size(); ++i) out[i] /= static_cast<double>(std::max(a.size(), others[i]->size()));
  }

  /// Lower bounds of those distances, by how many labels both have.
  void bounds(const std::vector<int64_t>& a, std::span<const std::vector<int64_t>* const> others, double* out) const
    requires std::same_as<Cost, cost::ZeroOne>
  {
    detail::edit_bounds(a, others, out);
  }
};

}  // namespace idcl::trajectory
