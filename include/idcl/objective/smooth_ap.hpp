#pragma once

#include "idcl/objective/soft_ranks.hpp"

#include <utility>

namespace idcl::objective {

/// Smooth AP: one minus the average precision of an anchor's ranking, with sigmoids for comparisons,
///
///   t_i = 1 - 1/|G(i)| sum_{k in G(i)} R+_ik / (R+_ik + R-_ik) = 1/|G(i)| sum_{k in G(i)} R-_ik / (R+_ik + R-_ik)
///
/// with the ranks and groups of `SoftRanks`. Brown et al. 2020. State: 2 numbers a row; a row takes |G| sweeps of itself.
struct SmoothAP {
  static constexpr int passes = 1;
  static constexpr bool whole_rows = true;
  double temperature = 0.01;  ///< != 0, in units of similarity, below zero for a distance
  bool with_self = true;      ///< does an anchor rank itself, as its own positive?

  using Rows = SoftRanks;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return Rows::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { rows.update(*this, tile); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }
  Tensor loss(const Rows& rows) const { return rows.loss; }
  Tensor terms(const Rows& rows) const { return rows.terms; }
  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const { return Rows::gradient(*this, tile, upstream); }

  static Tensor cost(const Tensor& before, const Tensor& among) { return before / (before + among); }
  static std::pair<Tensor, Tensor> slopes(const Tensor& before, const Tensor& among) {
    const auto rank = before + among;
    return {among / rank.square(), -before / rank.square()};
  }
};

static_assert(Objective<SmoothAP>);

}  // namespace idcl::objective
