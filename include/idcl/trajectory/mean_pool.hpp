#pragma once

#include "idcl/trajectory/detail/elements.hpp"
#include "idcl/trajectory/measure.hpp"

#include <algorithm>

namespace idcl::trajectory {

/// One minus the cosine of mean rows: what IDCL compares, and blind to order.
///
///     d(a, b) = 1 - <mean a, mean b> / (|mean a| |mean b|)
///
/// In [0, 2]. Rows [L, D], L >= 1; norms are no less than 1e-12. Throws `std::invalid_argument` on an empty sequence, NaN, infinity and
/// different widths. Time O(L D) a sequence and O(D) a pair.
struct MeanPool {
  static constexpr auto name = "MeanPool";

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  template <class T>
  Eigen::VectorXd prepare(const Frames<T>& frames) const {
    detail::check_elements(name, frames);
    const Eigen::VectorXd mean = frames.template cast<double>().colwise().mean();
    return mean / std::max(mean.norm(), 1e-12);
  }

  double distance(const Eigen::VectorXd& p, const Eigen::VectorXd& q) const {
    detail::check_sizes(name, p, q);
    return 1 - p.dot(q);
  }
};

}  // namespace idcl::trajectory
