#pragma once

#include "idcl/trajectory/measure.hpp"

#include <algorithm>
#include <utility>

namespace idcl::trajectory {

/// Another measure over the longer length of both, for measures that grow with length: d(a, b) / max(n, m).
///
///     PerLength{.measure = Dtw{.radius = 8}}
///
/// Two dialogs that are merely long are no farther apart then. Cost, sequences and errors: those of the measure; lengths are >= 1.
template <class M>
struct PerLength {
  static constexpr auto name = "PerLength";
  M measure = {};

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  template <class Sequence>
    requires Measures<M, Sequence>
  auto prepare(const Sequence& sequence) const {
    return std::pair{measure.prepare(sequence), detail::length(sequence)};
  }

  template <class Owned>
  double distance(const Owned& p, const Owned& q) const {
    return static_cast<double>(measure.distance(p.first, q.first)) / static_cast<double>(std::max<int64_t>({p.second, q.second, 1}));
  }
};

}  // namespace idcl::trajectory
