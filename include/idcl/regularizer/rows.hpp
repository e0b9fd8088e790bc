#pragma once

#include "idcl/core/check.hpp"
#include "idcl/similarity/similarity.hpp"

#include <algorithm>

/// What is asked of embeddings besides their loss: functions of rows [N, D], embeddings or the weights of classes, to a scalar that is
/// added to the loss, by hand or as a term of `WeightedSum`:
///
///     auto loss = F::sup_con_loss(embeddings, labels) + 0.01 * idcl::regularizer::Lp{}(embeddings);
///
/// float64 for float64 rows, else float32; no rows give zero. Cost: O(N D).
namespace idcl::regularizer {

namespace detail {

inline Tensor checked_rows(const char* where, const Tensor& x) {
  check::rows(where, "x", x);
  return similarity::at_least_float(x);
}

/// The mean of [N]; zero, attached to the graph, of nothing.
inline Tensor mean(const Tensor& rows) { return rows.sum() / static_cast<double>(std::max<int64_t>(rows.numel(), 1)); }

}  // namespace detail

/// mean_i |x_i|_p^power: short embeddings. At a row of zeros the slope is zero.
struct Lp {
  double p = 2;      ///< >= 1
  double power = 1;  ///< > 0

  Tensor operator()(const Tensor& x) const {
    constexpr auto where = "idcl::regularizer::Lp";
    const auto rows = detail::checked_rows(where, x);
    TORCH_CHECK_VALUE(p >= 1, where, ": expected `p` >= 1, but got ", p);
    check::positive(where, "power", power);
    const auto zero = rows.detach().eq(0).all(1);
    const auto length = rows.masked_fill(zero.unsqueeze(1), 1).norm(p, {1});  // [N]; never the slope of a norm at zero
    return detail::mean((power == 1 ? length : length.pow(power)).masked_fill(zero, 0));
  }
};

/// mean_i |sum_d x_id|: the coordinates of each embedding around zero.
struct ZeroMean {
  Tensor operator()(const Tensor& x) const { return detail::mean(detail::checked_rows("idcl::regularizer::ZeroMean", x).sum(1).abs()); }
};

/// mean_i (|x_i|^2 - mean_j |x_j|^2)^2 / 4: embeddings of one length. Wu et al. 2017, "Deep face recognition with center invariant loss".
struct CenterInvariant {
  Tensor operator()(const Tensor& x) const {
    const auto squares = detail::checked_rows("idcl::regularizer::CenterInvariant", x).square().sum(1);  // [N]
    return detail::mean((squares - detail::mean(squares)).square()) / 4;
  }
};

}  // namespace idcl::regularizer
