#pragma once

#include "idcl/objective/soft_ranks.hpp"

#include <utility>

namespace idcl::objective {

/// PNP: an anchor pays for the negatives ranked before each of its positives, by one of five laws,
///
///   t_i = 1/|G(i)| sum_{k in G(i)} f(R-_ik)
///   O: R    Ds: log(1 + R)    Dq: 1 - (1 + R)^-alpha    Iu: (1 + R) log(1 + R)    Ib: (b R - log(1 + b R)) / b^2
///
/// with the ranks and groups of `SoftRanks`. D laws care less the further down a positive is, I laws more. Li et al. 2022.
/// State: 2 numbers a row; a row takes |G| sweeps of itself.
struct PNP {
  enum class Variant { O, Ds, Dq, Iu, Ib };

  static constexpr int passes = 1;
  static constexpr bool whole_rows = true;
  Variant variant = Variant::O;
  double b = 2;               ///< > 0, of Ib
  double alpha = 1;           ///< > 0, of Dq
  double temperature = 0.01;  ///< != 0, in units of similarity, below zero for a distance
  bool with_self = true;      ///< does an anchor rank itself, as its own positive?

  using Rows = SoftRanks;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return Rows::begin(n, options); }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const { rows.update(*this, tile); }
  void merge(Rows& rows, const Rows& other) const { rows.merge(other); }
  Tensor loss(const Rows& rows) const { return rows.loss; }
  Tensor terms(const Rows& rows) const { return rows.terms; }
  Tensor gradient(const Rows& /*rows*/, const Tile& tile, const Tensor& upstream) const { return Rows::gradient(*this, tile, upstream); }

  Tensor cost(const Tensor& before, const Tensor& /*among*/) const {
    switch (variant) {
      case Variant::O:
        return before;
      case Variant::Ds:
        return before.log1p();
      case Variant::Dq:
        return -at::expm1(before.log1p() * -alpha);
      case Variant::Iu:
        return (1 + before) * before.log1p();
      case Variant::Ib:
        return (b * before - (b * before).log1p()) / (b * b);
    }
    return before;
  }

  std::pair<Tensor, Tensor> slopes(const Tensor& before, const Tensor& among) const { return {slope(before), at::zeros_like(among)}; }

 private:
  Tensor slope(const Tensor& before) const {
    switch (variant) {
      case Variant::O:
        return at::ones_like(before);
      case Variant::Ds:
        return (1 + before).reciprocal();
      case Variant::Dq:
        return alpha * (1 + before).pow(-alpha - 1);
      case Variant::Iu:
        return before.log1p() + 1;
      case Variant::Ib:
        return before / (1 + b * before);
    }
    return at::ones_like(before);
  }
};

static_assert(Objective<PNP>);

}  // namespace idcl::objective
