#pragma once

#include "idcl/objective/objective.hpp"

#include <concepts>
#include <optional>

namespace idcl {

/// What the fused evaluator gathers of each row in its one pass, logits l_ij = s_ij / t; all [n].
struct RowSums {
  Tensor negatives;  ///< log sum_N exp(l_in), `kNothing` without a negative
  Tensor positives;  ///< log sum_P exp(l_ip), `kNothing` without a positive
  Tensor total;      ///< sum_P l_ip
  Tensor count;      ///< |P|
};

/// What a pair's slope is made of, all [n]; an undefined one is zero:
///
///   dL/ds_ij = repulsion_i * exp(l_ij) / sum_N exp(l_in)                       at the negatives
///            = attraction_i * share_ij + spread_i * (share_ij - 1 / |P_i|)     at the positives, share_ij = exp(l_ij) / sum_P exp(l_ip)
struct RowSlopes {
  Tensor repulsion, attraction, spread{};
};

/// An objective of the softmax family: its rows are a function of four sums, and its slopes of three numbers a row. The fused evaluator
/// needs no more of it. `fuses` is the temperature t > 0 of those sums, or nothing where these parameters need another evaluator;
/// `from_sums` makes the finished rows, `row_slopes` the slopes of sum_i upstream_i t_i.
template <class O>
concept Fusible = Objective<O> && requires(const O& objective, const typename O::Rows& rows, const RowSums& sums, const Tensor& upstream) {
  { objective.fuses() } -> std::same_as<std::optional<double>>;
  { objective.from_sums(sums) } -> std::same_as<typename O::Rows>;
  { objective.row_slopes(rows, upstream) } -> std::same_as<RowSlopes>;
};

}  // namespace idcl
