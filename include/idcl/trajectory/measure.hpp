#pragma once

#include "idcl/trajectory/detail/check.hpp"
#include "idcl/trajectory/sequence.hpp"

#include <concepts>
#include <span>
#include <utility>

namespace idcl::trajectory {

/// A measure is two steps: what is computed once for a sequence, and what for a pair of those. `measure(a, b)` does both; of many
/// sequences, `pairwise` takes the first step once for each.
///
///     measure.prepare(sequence)    Labels or Frames<T> -> any type
///     measure.distance(p, q)       of two prepared sequences -> number
///
/// Prepared sequences own what they need. A measure that is faster with many pairs at a time has `distances(p, others, out)` too, and one
/// that knows cheap lower bounds `bounds(p, others, out)`.
template <class M, class Sequence>
concept Measures = requires(const M& measure, const Sequence& sequence) {
  measure.prepare(sequence);
  { measure.distance(measure.prepare(sequence), measure.prepare(sequence)) } -> std::convertible_to<double>;
};

/// Has a measure lower bounds between sequences that it prepares as P? None is above the distance, rounded as that is.
template <class M, class P>
concept Bounds = requires(const M& measure, const P& p, std::span<const P* const> others, double* out) { measure.bounds(p, others, out); };

namespace detail {

/// What M makes of a sequence of this kind.
template <class M, class Sequence>
using Prepared = decltype(std::declval<const M&>().prepare(std::declval<const Sequence&>()));

template <class Sequence>
constexpr const char* kind() {
  return std::same_as<Sequence, Labels> ? "labels" : "rows of numbers";
}

template <class M, class Sequence>
[[noreturn]] void refuse_kind(const M&, const Sequence&) {
  refuse(M::name, "expected a sequence of ", std::same_as<Sequence, Labels> ? "rows of numbers" : "labels", ", but got ", kind<Sequence>());
}

/// The distance of one pair, by a measure that takes many.
template <class M, class P>
double distance_of_one(const M& measure, const P& a, const P& b) {
  const P* other = &b;
  double distance = 0;
  measure.distances(a, std::span<const P* const>(&other, 1), &distance);
  return distance;
}

/// From `a` to each of `others`: many at a time, where the measure can.
template <class M, class P>
void distances_from(const M& measure, const P& a, std::span<const P* const> others, double* out) {
  if constexpr (requires { measure.distances(a, others, out); }) {
    measure.distances(a, others, out);
  } else {
    for (std::size_t j = 0; j < others.size(); ++j) out[j] = static_cast<double>(measure.distance(a, *others[j]));
  }
}

}  // namespace detail

/// What `measure(a, b)` does with arguments of these types. `trajectory/torch.hpp` adds tensors, which give a tensor.
template <class A, class B>
struct Call {
  template <class M>
  static double distance(const M& measure, const A& a, const B& b) {
    return Reader<A>::read(a, [&](const auto& first) {
      return Reader<B>::read(b, [&](const auto& second) -> double {
        using Sequence = std::remove_cvref_t<decltype(first)>;
        if constexpr (!std::same_as<Sequence, std::remove_cvref_t<decltype(second)>>) {
          detail::refuse(M::name, "expected two sequences of one type, but got two types");
        } else if constexpr (!Measures<M, Sequence>) {
          detail::refuse_kind(measure, first);
        } else {
          return static_cast<double>(measure.distance(measure.prepare(first), measure.prepare(second)));
        }
      });
    });
  }
};

}  // namespace idcl::trajectory
