#pragma once

#include "idcl/trajectory/hellinger.hpp"

namespace idcl::trajectory {

/// Hellinger's distance of label histograms: which labels occur how often, in any order.
///
///     d(a, b) = sqrt(1/2 sum_c (sqrt p_c - sqrt q_c)^2)         p_c = share of label c
///
/// In [0, 1], a metric on the histograms, blind to length and order. Labels [L], L >= 1. Throws `std::invalid_argument` on an empty
/// sequence and on labels out of range. Time O(L) a sequence and O(C) a pair.
struct Histogram {
  static constexpr auto name = "Histogram";
  int64_t num_classes = 0;  ///< C: labels are below it; 0: whatever occurs

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  Roots prepare(const Labels& labels) const {
    const auto classes = detail::count_classes(name, labels, num_classes);
    Roots counts = Roots::Zero(classes);
    for (const auto label : labels) counts[label] += 1;
    return (counts / static_cast<double>(labels.size())).cwiseSqrt();
  }

  double distance(const Roots& p, const Roots& q) const { return hellinger(p, q); }
};

}  // namespace idcl::trajectory
