#pragma once

#include "idcl/mining/trajectory.hpp"
#include "support/random.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <span>

// Sequences to mine by, and measures that are watched.

namespace idcl::test {

/// Sequences of 1 to 9 elements, padded; of few different numbers, and some of them twice: many distances are equal.
struct Tied {
  Random random{5};
  Tensor lengths = twice(random.integers(9, {20}) + 1);
  Tensor labels = twice(random.integers(3, {20, 9}));
  Tensor rows = twice(random.integers(3, {20, 9, 2}).to(at::kDouble));
  Tensor x = random.normal({40, 4});

 private:
  static Tensor twice(const Tensor& values) { return at::cat({values, values.flip(0)}); }
};

/// Every pair measured by itself, infinite on the diagonal.
Tensor distances_of_all(const auto& measure, const Tensor& values, const Tensor& lengths) {
  const auto sequence = [&](int64_t i) { return values[i].narrow(0, 0, lengths[i].item<int64_t>()); };
  const auto n = lengths.size(0);
  auto table = at::full({n, n}, std::numeric_limits<double>::infinity(), values.scalar_type() == at::kFloat ? at::kFloat : at::kDouble);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      if (i != j) table[i][j] = measure(sequence(i), sequence(j));
  return table;
}

/// Random walks [N, L], standardised: synthetic, as benchmarks/compare_trajectory.py takes them.
inline Tensor standardised_walks(Random& random, int64_t n, int64_t length) {
  const auto walks = random.normal({n, length}).cumsum(1);
  return (walks - walks.mean(1, true)) / walks.std(1, true, true);
}

/// A measure that counts how many pairs it is asked for.
template <class M>
struct Counting {
  static constexpr auto name = "Counting";
  M measure;
  std::atomic<int64_t>* measured;

  auto prepare(const auto& sequence) const
    requires requires { measure.prepare(sequence); }
  {
    return measure.prepare(sequence);
  }
  template <class P>
  double distance(const P& p, const P& q) const {
    ++*measured;
    return measure.distance(p, q);
  }
  template <class P>
  void distances(const P& p, std::span<const P* const> others, double* out) const {
    *measured += static_cast<int64_t>(others.size());
    trajectory::detail::distances_from(measure, p, others, out);
  }
  template <class P>
    requires trajectory::Bounds<M, P>
  void bounds(const P& p, std::span<const P* const> others, double* out) const {
    measure.bounds(p, others, out);
  }
};

/// Between labels: infinite from an even number to an odd one, NaN from 5, else the difference.
struct Patchy {
  static constexpr auto name = "Patchy";
  int64_t prepare(const trajectory::Labels& labels) const { return labels[0]; }
  double distance(int64_t a, int64_t b) const {
    if (a == 5 || b == 5) return std::numeric_limits<double>::quiet_NaN();
    return a % 2 != b % 2 ? std::numeric_limits<double>::infinity() : static_cast<double>(std::abs(a - b));
  }
};

}  // namespace idcl::test
