#pragma once

#include <Eigen/Core>

namespace merc {

/// Points in the plane, [N, 2], whose distances follow the given ones as closely as a linear map can have it: classical
/// multidimensional scaling, the two largest eigenvalues of -J D^2 J / 2. Time O(N^3).
Eigen::MatrixXd planar_map(const Eigen::MatrixXd& distances);

/// Rows seen along their two directions of largest variance.
struct PrincipalPlane {
  Eigen::MatrixXd points;        ///< [N, 2]
  double first = 0, second = 0;  ///< share of the variance along either
};

/// Principal components of rows [N, D]. Time O(N D min(N, D)).
PrincipalPlane principal_plane(const Eigen::MatrixXd& rows);

}  // namespace merc
