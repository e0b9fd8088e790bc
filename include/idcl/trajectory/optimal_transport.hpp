#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/elements.hpp"
#include "idcl/trajectory/hellinger.hpp"
#include "idcl/trajectory/measure.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace idcl::trajectory {

namespace detail {

/// A label distribution, and its transport to itself.
struct Distribution {
  Eigen::VectorXd shares;
  double self = 0;
};

}  // namespace detail

/// What it costs to turn one label distribution into the other, moving shares between labels at `cost` each: Sinkhorn's divergence.
///
///     d(a, b) = W(p, q) - (W(p, p) + W(q, q)) / 2,   W(p, q) = min_P <P, C> + epsilon KL(P | p q^T)   over plans P of margins p, q
///
/// Zero between equal distributions; as epsilon goes to 0 it tends to optimal transport, which for a cost of 0 and 1 is total variation.
/// Blind to order and length. Labels [L], L >= 1. Throws `std::invalid_argument` on an empty sequence, labels out of range, epsilon <= 0.
/// In log space. Time O(L + iterations C^2) a sequence and O(iterations C^2) a pair. Cuturi 2013; Feydy et al. 2019, eq. 3.
template <class Cost = cost::ZeroOne>
struct OptimalTransport {
  static constexpr auto name = "OptimalTransport";
  double epsilon = 0.1;      ///< > 0, in the unit of the cost: how blurred the plan is
  int64_t iterations = 500;  ///< at most; it ends when the value grows by less than 1e-13
  int64_t num_classes = 0;   ///< C: labels are below it; 0: whatever occurs
  Cost cost = {};            ///< of two labels, symmetric, >= 0, and 0 between equal ones

  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return Call<A, B>::distance(*this, a, b);
  }

  detail::Distribution prepare(const Labels& labels) const
    requires detail::Costs<Cost, Labels>
  {
    detail::check_positive(name, "epsilon", epsilon);
    detail::check_at_least(name, "iterations", iterations, 1);
    Eigen::VectorXd shares = Eigen::VectorXd::Zero(detail::count_classes(name, labels, num_classes));
    for (const auto label : labels) shares[label] += 1;
    shares /= static_cast<double>(labels.size());
    const auto self = transport(shares, shares);
    return {std::move(shares), self};
  }

  double distance(const detail::Distribution& p, const detail::Distribution& q) const {
    return std::max(0.0, transport(p.shares, q.shares) - (p.self + q.self) / 2);
  }

  /// W(p, q), by potentials: <f, p> + <g, q>.
  double transport(const Eigen::VectorXd& p, const Eigen::VectorXd& q) const {
    Eigen::MatrixXd costs(p.size(), q.size());
    for (Eigen::Index i = 0; i < p.size(); ++i)
      for (Eigen::Index j = 0; j < q.size(); ++j) costs(i, j) = static_cast<double>(cost(static_cast<int64_t>(i), static_cast<int64_t>(j)));
    Eigen::VectorXd f = Eigen::VectorXd::Zero(p.size()), g = Eigen::VectorXd::Zero(q.size());
    const Eigen::MatrixXd turned = costs.transpose();
    auto value = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < iterations; ++i) {
      f = soft_minimum(costs, q, g);
      g = soft_minimum(turned, p, f);
      const auto before = std::exchange(value, f.dot(p) + g.dot(q));
      if (value - before < 1e-13) break;  // it only grows
    }
    return value;
  }

  /// -epsilon log sum_j q_j exp((g_j - C_ij) / epsilon), of each row i.
  Eigen::VectorXd soft_minimum(const Eigen::MatrixXd& costs, const Eigen::VectorXd& q, const Eigen::VectorXd& g) const {
    Eigen::VectorXd result(costs.rows());
    for (Eigen::Index i = 0; i < costs.rows(); ++i) {
      const Eigen::ArrayXd terms = (g.transpose() - costs.row(i)).transpose().array() / epsilon;
      const auto largest = (q.array() > 0).select(terms, -std::numeric_limits<double>::infinity()).maxCoeff();
      result[i] = -epsilon * (largest + std::log((q.array() * (terms - largest).min(0).exp()).sum()));
    }
    return result;
  }
};

}  // namespace idcl::trajectory
