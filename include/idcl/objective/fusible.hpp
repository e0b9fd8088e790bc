#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <optional>
#include <utility>

namespace idcl {

/// Logits as multiples of a similarity: l_in = repulsion * s_in of negatives, l_ip = attraction * s_ip of positives.
struct LogitScales {
  double repulsion;   ///< above zero, or below where s is a distance
  double attraction;  ///< not 0
};

/// The same scale for both; nothing where it is not finite, or zero.
inline std::optional<LogitScales> logit_scale(double scale) {
  return scale != 0 && std::isfinite(scale) ? std::optional(LogitScales{.repulsion = scale, .attraction = scale}) : std::nullopt;
}

/// What the fused evaluator gathers of a row in its one pass.
struct RowSums {
  double negatives = kNothing;  ///< log sum_N exp(l_in), `kNothing` without a negative
  double positives = kNothing;  ///< log sum_P exp(l_ip), `kNothing` without a positive
  double total = 0;             ///< sum_P l_ip
  double count = 0;             ///< |P|
};

/// What an objective makes of them: the row's loss and number of terms, and the slopes of the loss,
///
///   dt/dl_in = repulsion * exp(l_in) / sum_N exp(l_in)
///   dt/dl_ip = attraction * share_ip + spread * (share_ip - 1 / |P|)         share_ip = exp(l_ip) / sum_P exp(l_ip)
struct FusedRow {
  double loss = 0, terms = 0;
  double repulsion = 0, attraction = 0, spread = 0;
};

/// An objective of the softmax family: its rows are a function of four sums, and its slopes of three numbers a row. The fused evaluator
/// needs no more of it. `fuses` says what the logits are, or nothing where these parameters need another evaluator; `row` finishes a row.
template <class O>
concept Fusible = Objective<O> && requires(const O& objective, const RowSums& sums) {
  { objective.fuses() } -> std::same_as<std::optional<LogitScales>>;
  { objective.row(sums) } -> std::same_as<FusedRow>;
};

/// Logits that are multiples of similarities. An objective with others has a member `logits()` that gives such an object of its own: what
/// takes the place of a similarity, before it is scaled, and what a slope in that is times, to be one in s. Both for registers and for
/// single numbers, inlined (see core/simd.hpp).
struct PlainLogits {
  template <class V>
  [[gnu::always_inline]] void bend_negative(V& /*s*/) const {}
  template <class V>
  [[gnu::always_inline]] void follow_negative(V& /*slope*/, const V& /*s*/) const {}
  void bend_positive(float& /*s*/) const {}
  void follow_positive(float& /*slope*/, float /*s*/) const {}
};

template <class O>
auto logits_of(const O& objective) {
  if constexpr (requires { objective.logits(); }) {
    return objective.logits();
  } else {
    return PlainLogits{};
  }
}

/// Are an objective's logits multiples of similarities?
template <class O>
inline constexpr bool has_plain_logits = std::same_as<decltype(logits_of(std::declval<const O&>())), PlainLogits>;

/// Does an objective finish a row from its sums only where it has no more than one positive? It says so by
/// `static constexpr bool single_positive = true`; other rows are streamed.
template <class O>
inline constexpr bool wants_single_positive = requires { requires O::single_positive; };

namespace objective {

/// Has the log-sum-exp of a row folded no pair?
inline bool is_empty(double log_sum) { return log_sum <= kEmpty; }

/// log(1 + exp(x)) and its slope.
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
inline double sigmoid(double x) {
  const double small = std::exp(-std::abs(x));
  return (x < 0 ? small : 1) / (1 + small);
}

}  // namespace objective
}  // namespace idcl
