#include "report/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace merc {

Summary summarize(std::span<const double> values) {
  Summary summary{.count = static_cast<int64_t>(values.size())};
  for (const double value : values) summary.mean += value / summary.count;
  for (const double value : values) summary.std += (value - summary.mean) * (value - summary.mean);
  summary.std = summary.count > 1 ? std::sqrt(summary.std / (summary.count - 1)) : 0;
  return summary;
}

double student_t_975(int64_t degrees) {
  static constexpr std::array table{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
                                    2.2010,  2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
                                    2.0796,  2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423};
  if (degrees < 1) throw std::invalid_argument("student_t_975: expected at least 1 degree of freedom, got " + std::to_string(degrees));
  if (degrees <= static_cast<int64_t>(table.size())) return table[degrees - 1];
  constexpr double z = 1.959964;  // Cornish and Fisher's expansion around the normal quantile
  const auto n = static_cast<double>(degrees);
  return z + (z * z * z + z) / (4 * n) + (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * n * n);
}

Interval paired_t(std::span<const double> differences) {
  if (differences.size() < 2)
    throw std::invalid_argument("paired_t: expected at least 2 differences, got " + std::to_string(differences.size()));
  const auto summary = summarize(differences);
  const double margin = student_t_975(summary.count - 1) * summary.std / std::sqrt(static_cast<double>(summary.count));
  return {.low = summary.mean - margin, .high = summary.mean + margin};
}

double mcnemar(int64_t only_a, int64_t only_b) {
  if (only_a < 0 || only_b < 0) throw std::invalid_argument("mcnemar: expected counts that are not negative");
  const auto n = static_cast<double>(only_a + only_b);
  double tail = 0;
  for (int64_t k = 0; k <= std::min(only_a, only_b); ++k) {
    const auto i = static_cast<double>(k);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) - n * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

namespace {

/// Weighted F1 of the chosen dialogs, the mean over seeds.
double weighted_f1(const SeedResults& results, const std::vector<std::size_t>& dialogs) {
  double sum = 0;
  for (const auto& seed : results) {
    auto total = seed.at(0);
    for (auto& row : total) std::fill(row.begin(), row.end(), 0);
    for (const auto dialog : dialogs)
      for (std::size_t t = 0; t < total.size(); ++t)
        for (std::size_t p = 0; p < total.size(); ++p) total[t][p] += seed[dialog][t][p];
    sum += score(std::move(total)).weighted_f1;
  }
  return sum / static_cast<double>(results.size());
}

}  // namespace

Interval paired_bootstrap(const SeedResults& a, const SeedResults& b, int resamples, uint64_t seed) {
  if (a.empty() || a.size() != b.size() || a[0].empty())
    throw std::invalid_argument("paired_bootstrap: expected the same seeds and dialogs on both sides");
  const auto count = a[0].size();
  for (std::size_t s = 0; s < a.size(); ++s)
    if (a[s].size() != count || b[s].size() != count)
      throw std::invalid_argument("paired_bootstrap: expected the same seeds and dialogs on both sides");
  std::mt19937_64 engine(seed);
  std::vector<double> differences(resamples);
  std::vector<std::size_t> dialogs(count);
  for (auto& difference : differences) {
    for (auto& dialog : dialogs) dialog = engine() % count;
    difference = weighted_f1(b, dialogs) - weighted_f1(a, dialogs);
  }
  std::sort(differences.begin(), differences.end());
  const auto tail = static_cast<std::size_t>(0.025 * resamples);
  return {.low = differences[tail], .high = differences[resamples - 1 - tail]};
}

}  // namespace merc
