#pragma once

#include "idcl/trajectory/detail/elements.hpp"
#include "idcl/trajectory/measure.hpp"

#include <cmath>
#include <vector>

namespace idcl::trajectory {

/// Euclidean distance of path signatures: iterated integrals of the path through the rows, a fixed number of them at any length, aware of
/// order.
///
///     S_1 = integral dx,   S_2 = integral integral dx (x) dx,   S_3 = ...,   d(a, b) = |S(a) - S(b)|
///
/// The path goes straight from row to row and, with `time`, has the share of the way gone as one more coordinate, which makes it one that
/// never retraces its steps. Blind to where a path starts; one row alone has a signature of zero. Rows [L, D] of float or double, L >= 1.
/// Throws `std::invalid_argument` on an empty sequence, NaN, infinity, different widths and a depth out of 1 to 3. With W = D + 1:
/// time and memory O(L W^depth) and O(W^depth) a sequence, O(W^depth) a pair. Chevyrev & Kormilitzin 2016, section 1.2.
struct Signature {
  static constexpr auto name = "Signature";
  int64_t depth = 3;  ///< of the integrals, 1 to 3
  bool time = true;   ///< a coordinate of its own for time, from 0 to 1

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  template <class T>
  Eigen::VectorXd prepare(const Frames<T>& frames) const {
    if (depth < 1 || depth > 3) detail::refuse(name, "expected `depth` from 1 to 3, but got ", depth);
    detail::check_elements(name, frames);
    const auto length = frames.rows(), width = frames.cols() + (time ? 1 : 0);
    Eigen::VectorXd first = Eigen::VectorXd::Zero(width), step = Eigen::VectorXd::Zero(width);
    Eigen::MatrixXd second = Eigen::MatrixXd::Zero(width, width);         // (i, j)
    Eigen::MatrixXd third = Eigen::MatrixXd::Zero(width * width, width);  // (j width + i, k)
    for (Eigen::Index t = 1; t < length; ++t) {                           // Chen: the signature of a path and a step is their product
      step.head(frames.cols()) = (frames.row(t) - frames.row(t - 1)).transpose().template cast<double>();
      if (time) step[width - 1] = 1.0 / static_cast<double>(length - 1);
      const Eigen::MatrixXd squared = step * step.transpose() / 2;
      if (depth > 2) {
        const Eigen::MatrixXd grown = second + first * step.transpose() / 2 + squared / 3;
        third += grown.reshaped() * step.transpose();
      }
      second += first * step.transpose() + squared;
      first += step;
    }
    Eigen::VectorXd signature(width + (depth > 1 ? second.size() : 0) + (depth > 2 ? third.size() : 0));
    signature.head(width) = first;
    if (depth > 1) signature.segment(width, second.size()) = second.reshaped();
    if (depth > 2) signature.tail(third.size()) = third.reshaped();
    return signature;
  }

  double distance(const Eigen::VectorXd& p, const Eigen::VectorXd& q) const {
    detail::check_sizes(name, p, q);
    return (p - q).norm();
  }
};

}  // namespace idcl::trajectory
