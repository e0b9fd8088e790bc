#pragma once

#include "support/golden.hpp"
#include "support/oracle.hpp"

#include <functional>
#include <map>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

/// Losses over pairs as their formulas read: loops over pairs and triplets, options by their golden names, defaults as documented.
namespace idcl::test::oracle {

using golden::Json;

/// Rows as they are, their cosines, and who belongs to whom.
struct Scene {
  Matrix x, y;
  Matrix cosine;              ///< of x to y
  Matrix within_x, within_y;  ///< of each set to itself
  Roles role;
  std::vector<int64_t> labels;  ///< of x; none of towers

  std::size_t rows() const { return x.size(); }
  Real distance(std::size_t i, std::size_t j) const { return std::sqrt(std::max(Real{0}, 2 - 2 * cosine[i][j])); }
};

inline Real number(const Json& options, const char* name, double otherwise) { return options.value(name, otherwise); }
inline Real positive_part(Real value) { return std::max(Real{0}, value); }

/// use(j) for every j that has this part in row i.
template <class Use>
void for_each(const Scene& scene, std::size_t i, Role role, const Use& use) {
  for (std::size_t j = 0; j < scene.role[i].size(); ++j)
    if (scene.role[i][j] == role) use(j);
}

/// sum of exp f(j) over those.
template <class F>
Real sum_exp(const Scene& scene, std::size_t i, Role role, const F& f) {
  Real sum = 0;
  for_each(scene, i, role, [&](std::size_t j) { sum += std::exp(f(j)); });
  return sum;
}

/// A mean that is being gathered; zero of nothing.
struct Mean {
  Real sum = 0, count = 0;
  void add(Real value) { sum += value, ++count; }
  Real value() const { return count > 0 ? sum / count : 0; }
};

/// term(i, p) averaged over the positive pairs.
template <class Term>
Real over_positives(const Scene& scene, const Term& term) {
  Mean mean;
  for (std::size_t i = 0; i < scene.rows(); ++i) for_each(scene, i, Role::Positive, [&](std::size_t p) { mean.add(term(i, p)); });
  return mean.value();
}

/// The mean cost of the positives that cost anything, and that of the negatives.
template <class Positive, class Negative>
Real over_active(const Scene& scene, const Positive& positive, const Negative& negative) {
  Mean positives, negatives;
  const auto add = [](Mean& mean, Real cost) {
    if (cost > 0) mean.add(cost);
  };
  for (std::size_t i = 0; i < scene.rows(); ++i) {
    for_each(scene, i, Role::Positive, [&](std::size_t j) { add(positives, positive(i, j)); });
    for_each(scene, i, Role::Negative, [&](std::size_t j) { add(negatives, negative(i, j)); });
  }
  return positives.value() + negatives.value();
}

/// Margins on a distance.
template <class Distance>
Real contrastive(const Scene& scene, const Json& o, const Distance& distance) {
  return over_active(
      scene, [&](auto i, auto j) { return positive_part(distance(i, j) - number(o, "pos_margin", 0)); },
      [&](auto i, auto j) { return positive_part(number(o, "neg_margin", 1) - distance(i, j)); });
}

/// var(x_i - y_j) / var(x_i) of rows of unit length.
inline Real noise_to_signal(const Scene& scene, std::size_t i, std::size_t j) {
  const auto &a = scene.x[i], &b = scene.y[j];
  const auto unit = [](const std::vector<Real>& row, std::size_t d) { return row[d] / std::sqrt(inner(row, row)); };
  const auto variance = [&](const auto& at) {
    Real mean = 0, sum = 0;
    for (std::size_t d = 0; d < a.size(); ++d) mean += at(d) / a.size();
    for (std::size_t d = 0; d < a.size(); ++d) sum += (at(d) - mean) * (at(d) - mean);
    return sum;
  };
  return variance([&](std::size_t d) { return unit(a, d) - unit(b, d); }) / variance([&](std::size_t d) { return unit(a, d); });
}

/// Row i's terms of decoupled contrastive learning, from a to b.
inline Real decoupled(const Matrix& within, const Matrix& across, std::size_t i, Real weight, Real t) {
  Real sum = 0;
  for (std::size_t k = 0; k < across.size(); ++k)
    if (k != i) sum += std::exp(within[i][k] / t) + std::exp(across[i][k] / t);
  return std::log(sum) - weight * across[i][i] / t;
}

/// A loss's value, in its own reduction.
using Definition = std::function<Real(const Scene&, const Json&)>;

inline Real angular(const Scene& s, const Json& o) {
  const auto tangent = std::tan(number(o, "alpha", 40) * std::numbers::pi_v<Real> / 180), T = tangent * tangent;
  const bool unit = o.value("normalize_negatives", false);
  return over_positives(s, [&](auto i, auto p) {
    return std::log1p(sum_exp(s, i, Role::Negative, [&](auto n) {
      const auto length = unit ? 1 : std::sqrt(inner(s.y[n], s.y[n]));
      return 4 * T * length * (s.cosine[i][n] + s.within_y[p][n]) - 2 * (1 + T) * s.cosine[i][p];
    }));
  });
}

inline Real ranked_list(const Scene& s, const Json& o) {
  const auto margin = number(o, "margin", 0.4), alpha = number(o, "alpha", 1 + static_cast<double>(margin) / 2),
             imbalance = number(o, "imbalance", 0.5);
  Mean mean;
  for (std::size_t i = 0; i < s.rows(); ++i) {
    const auto part = [&](Role role, Real sharpness, const auto& violation) {
      Real weights = 0, costs = 0;
      for_each(s, i, role, [&](std::size_t j) {
        const Real x = violation(j);
        if (x > 0) weights += std::exp(sharpness * x), costs += std::exp(sharpness * x) * x;
      });
      return costs / (weights + s.y.size() * Real{1e-5});
    };
    mean.add((1 - imbalance) * part(Role::Positive, number(o, "Tp", 0), [&](auto j) { return s.distance(i, j) - (alpha - margin); }) +
             imbalance * part(Role::Negative, number(o, "Tn", 10), [&](auto j) { return alpha - s.distance(i, j); }));
  }
  return mean.value();
}

inline Real circle(const Scene& s, const Json& o) {
  const auto m = number(o, "m", 0.4), gamma = number(o, "gamma", 80);
  Mean above_zero;
  for (std::size_t i = 0; i < s.rows(); ++i) {
    const auto c = [&](auto j) { return s.cosine[i][j]; };
    const auto pull = sum_exp(s, i, Role::Positive, [&](auto p) { return -gamma * positive_part(1 + m - c(p)) * (c(p) - 1 + m); });
    const auto push = sum_exp(s, i, Role::Negative, [&](auto n) { return gamma * positive_part(c(n) + m) * (c(n) - m); });
    if (const auto loss = std::log1p(pull * push); loss > 0) above_zero.add(loss);
  }
  return above_zero.value();
}

/// The first element of each class with its second; of two sets, with the first reference of the class.
inline Real n_pairs(const Scene& s, const Json&) {
  std::map<int64_t, std::pair<std::size_t, std::size_t>> pairs;  // by class
  for (std::size_t i = 0; i < s.rows(); ++i) for_each(s, i, Role::Positive, [&](std::size_t p) { pairs.try_emplace(s.labels[i], i, p); });
  Mean mean;
  for (const auto& [own, pair] : pairs) {
    Real sum = 0;
    for (const auto& [label, other] : pairs) sum += std::exp(s.cosine[pair.first][other.second]);
    mean.add(std::log(sum) - s.cosine[pair.first][pair.second]);
  }
  return mean.value();
}

inline const std::map<std::string, Definition>& definitions() {
  static const std::map<std::string, Definition> all{
      {"nt_xent",
       [](const Scene& s, const Json& o) {
         const auto t = number(o, "temperature", 0.07), epsilon = number(o, "epsilon", 0);
         return over_positives(s, [&](auto i, auto p) {
           const auto others = sum_exp(s, i, Role::Negative, [&](auto n) { return (s.cosine[i][n] - s.cosine[i][p]) / t; });
           return epsilon > 0 ? -std::log(1 / (1 + others) + epsilon) : std::log1p(others);
         });
       }},
      {"contrastive", [](const Scene& s, const Json& o) { return contrastive(s, o, [&](auto i, auto j) { return s.distance(i, j); }); }},
      {"signal_to_noise_ratio_contrastive",
       [](const Scene& s, const Json& o) { return contrastive(s, o, [&](auto i, auto j) { return noise_to_signal(s, i, j); }); }},
      {"multi_similarity",
       [](const Scene& s, const Json& o) {
         const auto alpha = number(o, "alpha", 2), beta = number(o, "beta", 50), base = number(o, "base", 0.5);
         Mean mean;
         for (std::size_t i = 0; i < s.rows(); ++i)
           mean.add(std::log1p(sum_exp(s, i, Role::Positive, [&](auto p) { return -alpha * (s.cosine[i][p] - base); })) / alpha +
                    std::log1p(sum_exp(s, i, Role::Negative, [&](auto n) { return beta * (s.cosine[i][n] - base); })) / beta);
         return mean.value();
       }},
      {"circle", circle},
      {"generalized_lifted_structure",
       [](const Scene& s, const Json& o) {
         Mean mean;
         for (std::size_t i = 0; i < s.rows(); ++i) {
           const auto pull = sum_exp(s, i, Role::Positive, [&](auto p) { return s.distance(i, p) - number(o, "pos_margin", 0); });
           const auto push = sum_exp(s, i, Role::Negative, [&](auto n) { return number(o, "neg_margin", 1) - s.distance(i, n); });
           mean.add(positive_part((pull > 0 ? std::log(pull) : 0) + (push > 0 ? std::log(push) : 0)));
         }
         return mean.value();
       }},
      {"tuplet_margin",
       [](const Scene& s, const Json& o) {
         const auto margin = number(o, "margin", 5.73) * std::numbers::pi_v<Real> / 180, scale = number(o, "scale", 64);
         return over_positives(s, [&](auto i, auto p) {
           const auto near = std::cos(std::acos(s.cosine[i][p]) - margin);
           return std::log1p(sum_exp(s, i, Role::Negative, [&](auto n) { return scale * (s.cosine[i][n] - near); }));
         });
       }},
      {"nca",
       [](const Scene& s, const Json& o) {
         Mean mean;
         for (std::size_t i = 0; i < s.rows(); ++i) {
           const auto logit = [&](auto j) { return -number(o, "softmax_scale", 1) * (2 - 2 * s.cosine[i][j]); };
           const auto own = sum_exp(s, i, Role::Positive, logit), others = sum_exp(s, i, Role::Negative, logit);
           if (own > 0) mean.add(-std::log(own / (own + others)));
         }
         return mean.value();
       }},
      {"n_pairs", n_pairs},
      {"intra_pair_variance",
       [](const Scene& s, const Json& o) {
         Mean positive, negative, below, above;
         const auto each = [&](Role role, const auto& use) {
           for (std::size_t i = 0; i < s.rows(); ++i) for_each(s, i, role, [&](std::size_t j) { use(s.cosine[i][j]); });
         };
         each(Role::Positive, [&](Real c) { positive.add(c); });
         each(Role::Negative, [&](Real c) { negative.add(c); });
         const auto square = [](Real x) { return x * x; };
         each(Role::Positive, [&](Real c) { below.add(square(positive_part((1 - number(o, "pos_eps", 0.01)) * positive.value() - c))); });
         each(Role::Negative, [&](Real c) { above.add(square(positive_part(c - (1 + number(o, "neg_eps", 0.01)) * negative.value()))); });
         return below.value() + above.value();
       }},
      {"threshold_consistent_margin",
       [](const Scene& s, const Json& o) {
         return over_active(
             s, [&](auto i, auto j) { return number(o, "lambda_plus", 1) * positive_part(number(o, "margin_plus", 0.9) - s.cosine[i][j]); },
             [&](auto i, auto j) { return number(o, "lambda_minus", 1) * positive_part(s.cosine[i][j] - number(o, "margin_minus", 0.5)); });
       }},
      {"sig_lip",
       [](const Scene& s, const Json& o) {  // scale 5, bias -2
         Real sum = 0;
         for (std::size_t i = 0; i < s.rows(); ++i)
           for (std::size_t j = 0; j < s.y.size(); ++j) {
             const auto product = o.value("normalize", true) ? s.cosine[i][j] : inner(s.x[i], s.y[j]);
             sum += std::log1p(std::exp((i == j ? -1 : 1) * (5 * product - 2)));
           }
         return sum / s.rows();
       }},
      {"decoupled_contrastive",
       [](const Scene& s, const Json& o) {
         const auto t = number(o, "temperature", 0.1);
         Mean closeness, one, other;
         if (o.contains("sigma"))
           for (std::size_t i = 0; i < s.rows(); ++i) closeness.add(std::exp(s.cosine[i][i] / number(o, "sigma", 0)));
         for (std::size_t i = 0; i < s.rows(); ++i) {
           const Real weight = o.contains("sigma") ? 2 - std::exp(s.cosine[i][i] / number(o, "sigma", 0)) / closeness.value() : 1;
           one.add(decoupled(s.within_x, s.cosine, i, weight, t));
           other.add(decoupled(s.within_y, transposed(s.cosine), i, weight, t));
         }
         return o.value("symmetric", true) ? (one.value() + other.value()) / 2 : one.value();
       }},
      {"angular", angular},
      {"ranked_list", ranked_list},
  };
  return all;
}

}  // namespace idcl::test::oracle
