#pragma once

#include "idcl/trajectory/soft_dtw.hpp"

#include <span>
#include <vector>

namespace idcl::trajectory {

namespace detail {

/// A sequence, and its soft-DTW with itself.
template <class Sequence>
struct WithSelf {
  Sequence sequence;
  double self;

  auto size() const { return sequence.size(); }
};

}  // namespace detail

/// Soft-DTW less its bias: zero between equal sequences and, with the default cost, never below.
///
///     d(x, y) = s(x, y) - (s(x, x) + s(y, y)) / 2         s: `SoftDtw`
///
/// Sequences, gamma, gradients and what throws are `SoftDtw`'s. Time O(n^2 + m^2) once for each sequence and O(n m) a pair, memory
/// O(n + m). Blondel, Mensch & Vert 2021, eq. 8.
template <class Cost = cost::Default>
struct SoftDtwDivergence {
  static constexpr auto name = "SoftDtwDivergence";
  static constexpr bool debiased = true;
  static constexpr bool slopes = detail::has_slopes<Cost>;
  double gamma = 1;  ///< > 0, in the unit of the cost
  Cost cost = {};

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  template <class Sequence>
    requires detail::Costs<Cost, Sequence>
  auto prepare(const Sequence& sequence) const {
    detail::check_positive(name, "gamma", gamma);
    detail::check_elements(name, sequence);
    auto owned = detail::own_in_double(sequence);
    const auto self = SoftDtw<Cost>{.gamma = gamma, .cost = cost}.distance(owned, owned);
    return detail::WithSelf<decltype(owned)>{std::move(owned), self};
  }

  template <class Owned>
  double distance(const Owned& a, const Owned& b) const {
    return detail::distance_of_one(*this, a, b);
  }

  /// From `a` to each of `others`, into `out`.
  template <class Sequence>
  void distances(const detail::WithSelf<Sequence>& a, std::span<const detail::WithSelf<Sequence>* const> others, double* out) const {
    std::vector<const Sequence*> sequences;
    for (const auto* other : others) sequences.push_back(&other->sequence);
    detail::soft_distances(name, gamma, cost, a.sequence, std::span<const Sequence* const>(sequences), out);
    for (std::size_t i = 0; i < others.size(); ++i) out[i] -= (a.self + others[i]->self) / 2;
  }
};

}  // namespace idcl::trajectory
