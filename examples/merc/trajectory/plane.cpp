#include "trajectory/plane.hpp"

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>

namespace merc {
namespace {

/// A sign of its own for each axis, whichever the solver chose: the point farthest out is on the positive side.
void settle_signs(Eigen::MatrixXd& points) {
  for (auto axis : points.colwise()) {
    Eigen::Index largest = 0;
    axis.cwiseAbs().maxCoeff(&largest);
    if (axis[largest] < 0) axis *= -1;
  }
}

}  // namespace

Eigen::MatrixXd planar_map(const Eigen::MatrixXd& distances) {
  const auto n = distances.rows();
  Eigen::MatrixXd points = Eigen::MatrixXd::Zero(n, 2);
  if (n < 2) return points;
  Eigen::MatrixXd product = distances.array().square() / -2;
  product.rowwise() -= product.colwise().mean().eval();
  product.colwise() -= product.rowwise().mean().eval();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(product);
  for (int axis = 0; axis < 2; ++axis) {
    const auto place = n - 1 - axis;  // eigenvalues ascend
    points.col(axis) = solver.eigenvectors().col(place) * std::sqrt(std::max(0.0, solver.eigenvalues()[place]));
  }
  settle_signs(points);
  return points;
}

PrincipalPlane principal_plane(const Eigen::MatrixXd& rows) {
  PrincipalPlane plane{.points = Eigen::MatrixXd::Zero(rows.rows(), 2)};
  if (rows.size() == 0) return plane;
  const Eigen::MatrixXd centred = rows.rowwise() - rows.colwise().mean();
  const double variance = centred.squaredNorm();
  if (!(variance > 0)) return plane;
  // The smaller of the two products with one set of eigenvalues: the points are the rows along the eigenvectors of the one, or the
  // scaled eigenvectors of the other.
  const bool narrow = rows.cols() <= rows.rows();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(narrow ? Eigen::MatrixXd(centred.transpose() * centred)
                                                                     : Eigen::MatrixXd(centred * centred.transpose()));
  const auto size = solver.eigenvalues().size();
  for (int axis = 0; axis < std::min<Eigen::Index>(2, size); ++axis) {
    const auto place = size - 1 - axis;
    const double value = std::max(0.0, solver.eigenvalues()[place]);
    if (narrow)
      plane.points.col(axis) = centred * solver.eigenvectors().col(place);
    else
      plane.points.col(axis) = solver.eigenvectors().col(place) * std::sqrt(value);
    (axis == 0 ? plane.first : plane.second) = value / variance;
  }
  settle_signs(plane.points);
  return plane;
}

}  // namespace merc
