#pragma once

#include "idcl/trajectory/hellinger.hpp"

namespace idcl::trajectory {

namespace detail {

/// Where a pair of labels stands in a table: in order of the larger label, so that more classes only append.
inline int64_t place_of_pair(int64_t first, int64_t second) {
  return first < second ? second * second + first : first * first + first + second;
}

}  // namespace detail

/// Hellinger's distance of transitions: which label follows which, how often.
///
///     d(a, b) = sqrt(1/2 sum_{c, e} (sqrt p_ce - sqrt q_ce)^2)         p_ce = share of (c, e) among the L - 1 pairs of neighbours
///
/// In [0, 1], a metric on the shares. Labels [L], L >= 1; a sequence of one label has no pair, and sqrt(1/2) is its distance from any other
/// that has one. Throws `std::invalid_argument` on an empty sequence and on labels out of range. Time O(L + C^2) a sequence and O(C^2) a
/// pair.
struct Bigram {
  static constexpr auto name = "Bigram";
  int64_t num_classes = 0;  ///< C: labels are below it; 0: whatever occurs

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  Roots prepare(const Labels& labels) const {
    const auto classes = detail::count_classes(name, labels, num_classes);
    Roots counts = Roots::Zero(classes * classes);
    for (std::size_t t = 1; t < labels.size(); ++t) counts[detail::place_of_pair(labels[t - 1], labels[t])] += 1;
    return (counts / static_cast<double>(std::max<std::size_t>(labels.size() - 1, 1))).cwiseSqrt();
  }

  double distance(const Roots& p, const Roots& q) const { return hellinger(p, q); }
};

}  // namespace idcl::trajectory
