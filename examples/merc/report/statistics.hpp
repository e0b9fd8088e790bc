#pragma once

#include "report/metrics.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// What several seeds say together.
namespace merc {

/// A bound below and above.
struct Interval {
  double low = 0;
  double high = 0;
  bool above_zero() const { return low > 0; }
  bool below_zero() const { return high < 0; }
};

/// Mean and sample standard deviation (n - 1; 0 for one value).
struct Summary {
  double mean = 0;
  double std = 0;
  int64_t count = 0;
};
Summary summarize(std::span<const double> values);

/// The quantile 0.975 of Student's t with `degrees` >= 1 degrees of freedom, to 1e-4.
double student_t_975(int64_t degrees);

/// The 95 % interval of the mean of paired differences, or of any values, by Student's t: what another set of seeds would give.
/// Throws std::invalid_argument for fewer than two values.
Interval paired_t(std::span<const double> differences);

/// McNemar's exact test: how probable so uneven a split is, or a more uneven one, where `only_a` and `only_b` utterances are right in one
/// of two settings alone and each side is as likely; two-sided, 1 where there are none. McNemar 1947.
double mcnemar(int64_t only_a, int64_t only_b);

/// Confusion matrices of one setting: [seed][dialog].
using SeedResults = std::vector<std::vector<Confusion>>;

/// The 95 % interval of the difference (b minus a) in weighted F1 by a paired bootstrap over dialogs: each of `resamples` draws takes as
/// many dialogs as there are, with replacement, the same for a and b and for every seed: what another test set would give.
///
/// Cost: O(resamples x seeds x dialogs x classes^2). Efron & Tibshirani 1993. Throws std::invalid_argument where a and b differ in shape.
Interval paired_bootstrap(const SeedResults& a, const SeedResults& b, int resamples = 2000, uint64_t seed = 0);

}  // namespace merc
