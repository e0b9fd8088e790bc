#pragma once

#include "idcl/trajectory/measure.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace idcl::trajectory {

namespace detail {

/// A sequence as another measure prepares it, and how long it is.
template <class P>
struct WithLength {
  P sequence;
  int64_t length;

  int64_t size() const { return length; }
};

}  // namespace detail

/// Another measure over the longer length of both, for measures that grow with length: d(a, b) / max(n, m).
///
///     PerLength{.measure = Dtw{.radius = 8}}
///
/// Two dialogs that are merely long are no farther apart then. Cost, sequences, errors, and lower bounds where it has them: those of the
/// measure; lengths are >= 1.
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
    using P = detail::Prepared<M, Sequence>;
    return detail::WithLength<P>{measure.prepare(sequence), static_cast<int64_t>(detail::length(sequence))};
  }

  template <class P>
  double distance(const detail::WithLength<P>& p, const detail::WithLength<P>& q) const {
    return detail::distance_of_one(*this, p, q);
  }

  /// From `p` to each of `others`, into `out`.
  template <class P>
  void distances(const detail::WithLength<P>& p, std::span<const detail::WithLength<P>* const> others, double* out) const {
    detail::distances_from(measure, p.sequence, std::span<const P* const>(sequences(others)), out);
    divide(p, others, out);
  }

  /// The measure's lower bounds of those distances, divided as the distances are: what is no more than another is so over one length.
  template <class P>
    requires Bounds<M, P>
  void bounds(const detail::WithLength<P>& p, std::span<const detail::WithLength<P>* const> others, double* out) const {
    measure.bounds(p.sequence, std::span<const P* const>(sequences(others)), out);
    divide(p, others, out);
  }

 private:
  template <class P>
  static std::vector<const P*> sequences(std::span<const detail::WithLength<P>* const> others) {
    std::vector<const P*> found;
    found.reserve(others.size());
    for (const auto* other : others) found.push_back(&other->sequence);
    return found;
  }

  template <class P>
  static void divide(const detail::WithLength<P>& p, std::span<const detail::WithLength<P>* const> others, double* out) {
    for (std::size_t i = 0; i < others.size(); ++i) out[i] /= static_cast<double>(std::max<int64_t>({p.length, others[i]->length, 1}));
  }
};

}  // namespace idcl::trajectory
