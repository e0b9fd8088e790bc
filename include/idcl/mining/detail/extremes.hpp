#pragma once

#include "idcl/core/fold.hpp"

#include <ATen/ATen.h>

#include <limits>
#include <tuple>

namespace idcl::mining {

/// Which of an anchor's pairs are taken. For a positive: `Easy` the nearest, `Hard` the farthest, `SemiHard` the farthest that is
/// still nearer than the anchor's negative. For a negative: `Easy` the farthest, `Hard` the nearest, `SemiHard` the nearest that is
/// still farther than the anchor's positive. `All`: every one.
enum class Strategy { Easy, SemiHard, Hard, All };

/// Similarities, or distances, from `low` to `high`, both included.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

namespace detail {

/// One positive and one negative of each anchor, by strategy, as a fold over tiles of distances in any order. Equal distances go to
/// the lower index; a NaN is nobody's pair. A semi-hard side needs the other side finished: two passes.
template <int Passes>
struct Extremes {
  static constexpr int passes = Passes;
  Strategy positive = Strategy::Hard;
  Strategy negative = Strategy::Hard;
  Range positive_range{};  ///< of distances
  Range negative_range{};

  struct Rows {
    Tensor positive, positive_index;  ///< distance [n] and int64 index [n]; -1 where there is none
    Tensor negative, negative_index;
    auto members() { return std::tie(positive, positive_index, negative, negative_index); }
    Tensor found() const { return positive_index.ge(0).logical_and(negative_index.ge(0)); }  ///< bool [n]: a pair of each kind
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const {
    const auto nothing = [&](bool farthest) { return at::full({n}, farthest ? -kInfinity : kInfinity, options); };
    const auto nobody = at::full({n}, -1, options.dtype(at::kLong));
    return {nothing(farthest_positive()), nobody, nothing(farthest_negative()), nobody.clone()};
  }

  void update(Rows& rows, const Tile& tile, int pass) const {
    const auto& d = tile.similarity;
    const auto n = tile.rows(), m = tile.cols();
    if (takes(positive, pass)) {
      auto mask = within(tile.positive.as_mask(n, m, d.device()), d, positive_range);
      if (positive == Strategy::SemiHard) mask = mask.logical_and(d < rows.negative.unsqueeze(1));
      improve(rows.positive, rows.positive_index, d, mask, tile.col, farthest_positive());
    }
    if (takes(negative, pass)) {
      auto mask = within(tile.negative().as_mask(n, m, d.device()), d, negative_range);
      if (negative == Strategy::SemiHard) mask = mask.logical_and(d > rows.positive.unsqueeze(1));
      improve(rows.negative, rows.negative_index, d, mask, tile.col, farthest_negative());
    }
  }

  void merge(Rows& rows, const Rows& other) const {
    keep_better(rows.positive, rows.positive_index, other.positive, other.positive_index, farthest_positive());
    keep_better(rows.negative, rows.negative_index, other.negative, other.negative_index, farthest_negative());
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  bool farthest_positive() const { return positive != Strategy::Easy; }
  bool farthest_negative() const { return negative == Strategy::Easy; }
  static bool takes(Strategy strategy, int pass) { return strategy != Strategy::All && (strategy == Strategy::SemiHard) == (pass == 1); }

  static Tensor within(const Tensor& mask, const Tensor& d, const Range& range) {  // false for NaN
    return mask.logical_and(d >= range.low).logical_and_(d <= range.high);
  }

  static void improve(Tensor& value, Tensor& index, const Tensor& d, const Tensor& mask, int64_t col, bool farthest) {
    const auto [best, at] = farthest ? at::where(mask, d, -kInfinity).max(1) : at::where(mask, d, kInfinity).min(1);  // [n]
    keep_better(value, index, best, (at + col).masked_fill(best.isinf(), -1), farthest);
  }

  static void keep_better(Tensor& value, Tensor& index, const Tensor& other, const Tensor& other_index, bool farthest) {
    const auto nearer_index = other_index.lt(index).logical_or(index.lt(0));
    const auto better =
        (farthest ? other.gt(value) : other.lt(value)).logical_or(other.eq(value).logical_and(nearer_index)).logical_and(other_index.ge(0));
    value = at::where(better, other, value);
    index = at::where(better, other_index, index);
  }
};

static_assert(Fold<Extremes<1>> && Fold<Extremes<2>>);

}  // namespace detail
}  // namespace idcl::mining
