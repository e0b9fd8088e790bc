#pragma once

#include "idcl/engine/tiles.hpp"
#include "idcl/objective/objective.hpp"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <Eigen/Core>

#include <algorithm>
#include <limits>
#include <tuple>

namespace idcl::engine {

/// The similarities of listed pairs, picked from the tiles as they pass: list [N, K] -> s_{i, list(i, k)}, [N, K]. NaN where an
/// anchor has no neighbour (index -1, which a row of NaN leaves behind).
struct Pick {
  static constexpr int passes = 1;
  Tensor list;  ///< int64 [N, K]

  struct Rows {
    Tensor similarities;  ///< [n, K]
    auto members() { return std::tie(similarities); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    return {at::full({n, list.size(1)}, std::numeric_limits<double>::quiet_NaN(), options)};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto column = list.narrow(0, tile.row, tile.rows()) - tile.col;  // [n, K]
    const auto inside = column.ge(0).logical_and(column.lt(tile.cols()));
    rows.similarities = at::where(inside, tile.similarity.gather(1, column.clamp(0, tile.cols() - 1)), rows.similarities);
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.similarities = at::where(rows.similarities.isnan(), other.similarities, rows.similarities);
  }
};

/// The same from the embedded rows, for pairs that were not known while the tiles passed: N K inner products.
inline Tensor listed_similarities(const Tensor& u, const Tensor& v, const Tensor& list) {
  const auto n = list.size(0), k = list.size(1), width = u.size(1);
  auto result = at::full({n, k}, std::numeric_limits<double>::quiet_NaN(), u.options());
  if (!u.is_cpu()) {
    for (int64_t i = 0; i < k; ++i)  // a column at a time: memory of one more set of rows
      result.select(1, i).copy_((u * v.index_select(0, list.select(1, i).clamp_min(0))).sum(1));
    return result.masked_fill_(list.lt(0), std::numeric_limits<double>::quiet_NaN());
  }
  AT_DISPATCH_FLOATING_TYPES(u.scalar_type(), "idcl::listed_similarities", [&] {
    using Row = Eigen::Map<const Eigen::Matrix<scalar_t, Eigen::Dynamic, 1>>;
    const auto anchors = u.contiguous(), references = v.contiguous(), indices = list.contiguous();
    const auto *x = anchors.const_data_ptr<scalar_t>(), *y = references.const_data_ptr<scalar_t>();
    const auto* index = indices.const_data_ptr<int64_t>();
    auto* out = result.data_ptr<scalar_t>();
    at::parallel_for(0, n, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, k * width)), [&](int64_t begin, int64_t end) {
      for (int64_t pair = begin * k; pair < end * k; ++pair)
        if (index[pair] >= 0) out[pair] = Row(x + pair / k * width, width).dot(Row(y + index[pair] * width, width));
    });
  });
  return result;
}

/// The listed pairs as tiles of their own, [N, K]: as what the sweep took them for, and as what they are.
inline Tile listed_negatives(const Tensor& similarities) { return Tile{.similarity = similarities}; }
inline Tile listed_positives(const Tensor& similarities) { return Tile{.similarity = similarities, .positive = PairSet::all()}; }

/// Moves the listed pairs from the negatives to the positives of rows that were swept without them. Returns the rows in which they
/// were nearly all, bool [n]: what is left of those is rounding.
template <RevisableObjective O>
Tensor settle(const O& objective, typename O::Rows& rows, const Tensor& similarities) {
  const auto lost = objective.remove_negatives(rows, listed_negatives(similarities));
  objective.update(rows, listed_positives(similarities), 0);
  return lost;
}

/// What the listed pairs' slopes lack after the sweep took them for negatives: [N, K].
template <RevisableObjective O>
Tensor listed_gradient(const O& objective, const typename O::Rows& rows, const Tensor& similarities, const Tensor& upstream) {
  return objective.gradient(rows, listed_positives(similarities), upstream) -
         objective.gradient(rows, listed_negatives(similarities), upstream);
}

/// Adds the listed pairs' slopes [N, K] to the slopes of one tile [n, m].
inline void add_listed(Tensor slopes, const Tile& tile, const Tensor& list, const Tensor& listed_slopes) {
  const auto column = list.narrow(0, tile.row, tile.rows()) - tile.col;  // [n, K]
  const auto outside = column.lt(0).logical_or(column.ge(tile.cols()));
  slopes.scatter_add_(1, column.clamp(0, tile.cols() - 1), listed_slopes.narrow(0, tile.row, tile.rows()).masked_fill(outside, 0));
}

}  // namespace idcl::engine
