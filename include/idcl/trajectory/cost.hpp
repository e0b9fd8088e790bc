#pragma once

#include "idcl/trajectory/detail/check.hpp"
#include "idcl/trajectory/sequence.hpp"

#include <cmath>
#include <concepts>
#include <utility>

/// What it costs to align one element with another. A cost is any callable of two labels, or of two rows:
///
///     Dtw{.cost = [](int64_t a, int64_t b) { return 0.5 * std::abs(a - b); }}
///     Dtw{.cost = [](const Row<double>& a, const Row<double>& b) { return (a - b).cwiseAbs().maxCoeff(); }}
///
/// Its parameters say what it is of, so they are not `auto`.
namespace idcl::trajectory::cost {

/// 0 between equal labels, 1 between others.
struct ZeroOne {
  double operator()(int64_t a, int64_t b) const { return a == b ? 0 : 1; }
};

/// |x - y|^2
struct SquaredEuclidean {
  template <class X, class Y>
  auto operator()(const Eigen::MatrixBase<X>& x, const Eigen::MatrixBase<Y>& y) const {
    return (x - y).squaredNorm();
  }
};

/// |x - y|
struct Euclidean {
  template <class X, class Y>
  auto operator()(const Eigen::MatrixBase<X>& x, const Eigen::MatrixBase<Y>& y) const {
    return (x - y).norm();
  }
};

/// sum_d |x_d - y_d|
struct Absolute {
  template <class X, class Y>
  auto operator()(const Eigen::MatrixBase<X>& x, const Eigen::MatrixBase<Y>& y) const {
    return (x - y).template lpNorm<1>();
  }
};

/// A table of costs between labels, [C, C]. Throws `std::invalid_argument` on a label that has no row.
struct Table {
  Eigen::MatrixXd costs;

  double operator()(int64_t a, int64_t b) const {
    const auto classes = costs.rows();
    if (a < 0 || b < 0 || a >= classes || b >= classes)
      detail::refuse("cost::Table", "expected labels in [0, ", classes, "), but got ", a < 0 || a >= classes ? a : b);
    return costs(a, b);
  }
};

/// Distances of the labels' places in the plane of valence and arousal (or any space, [C, D]) over the largest of them: in [0, 1].
inline Table valence_arousal(const Eigen::MatrixXd& places) {
  Table table{Eigen::MatrixXd::Zero(places.rows(), places.rows())};
  for (Eigen::Index i = 0; i < places.rows(); ++i)
    for (Eigen::Index j = 0; j < places.rows(); ++j) table.costs(i, j) = (places.row(i) - places.row(j)).norm();
  const auto largest = places.rows() > 0 ? table.costs.maxCoeff() : 0.0;
  if (largest > 0) table.costs /= largest;
  return table;
}

/// `ZeroOne` between labels, `SquaredEuclidean` between rows.
struct Default : ZeroOne, SquaredEuclidean {
  using ZeroOne::operator();
  using SquaredEuclidean::operator();
};

}  // namespace idcl::trajectory::cost
