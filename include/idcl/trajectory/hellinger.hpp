#pragma once

#include "idcl/trajectory/measure.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>

namespace idcl::trajectory {

/// The roots of a distribution's probabilities. One over fewer classes is the beginning of the same one over more.
using Roots = Eigen::VectorXd;

/// Hellinger's distance of two distributions, in [0, 1]: sqrt(1/2 sum_c (sqrt p_c - sqrt q_c)^2).
inline double hellinger(const Roots& p, const Roots& q) {
  const auto shared = std::min(p.size(), q.size());
  const auto rest = p.size() > shared ? p.tail(p.size() - shared).squaredNorm() : q.tail(q.size() - shared).squaredNorm();
  return std::sqrt(((p.head(shared) - q.head(shared)).squaredNorm() + rest) / 2);
}

namespace detail {

/// A class above this is taken for a mistake where `num_classes` is not given.
inline constexpr int64_t most_classes = 1024;

/// Checks labels, and says over how many classes they are counted: `num_classes`, or as many as occur where that is 0.
inline int64_t count_classes(const char* where, const Labels& labels, int64_t num_classes) {
  check_at_least(where, "num_classes", num_classes, 0);
  check_not_empty(where, labels);
  check_labels(where, labels, num_classes > 0 ? num_classes : most_classes);
  return num_classes > 0 ? num_classes : *std::max_element(labels.begin(), labels.end()) + 1;
}

}  // namespace detail
}  // namespace idcl::trajectory
