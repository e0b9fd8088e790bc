#pragma once

#include "idcl/objective/fusible_rows.hpp"
#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <type_traits>
#include <vector>

namespace idcl::objective {

/// Triplet margin over all triplets of an anchor, each of its positives with each of its negatives, none of them listed:
///
///   t_ipn = [ d_ip - d_in + margin ]+         smooth: softplus( d_ip - d_in + margin );   d: distance, or minus a similarity
///
/// The first pass sorts a row's P positives; the second counts its negatives between the thresholds d_ip + margin. A threshold's
/// violations are those of the threshold below, each grown by the step between them, and those of its own bucket: every sum is
/// of non-negative numbers. Smooth terms have no such order: they cost P operations a negative.
/// Schroff et al. 2015, eq. 2. Two passes; time O(log P) a pair; state: 6 P numbers a row. The second derivative: dense evaluator.
struct TripletMargin {
  static constexpr int passes = 2;
  static constexpr bool weighted = true;
  static constexpr bool flat_at_zero = true;  // its smooth form is above zero
  double margin = 0.05;
  bool smooth = false;
  bool distance = true;       ///< are small values close?
  bool skip_zeros = true;     ///< count only triplets that violate the margin
  int64_t max_positives = 0;  ///< K, no row has more

  struct Rows {
    Tensor positives;  ///< their distances, ascending, [n, K]                              pass 0
    Tensor weights;    ///< how often each is given, 0 where there is none, [n, K]          pass 0
    Tensor filled;     ///< positives so far, int64 [n]                                     pass 0
    Tensor counts;     ///< negatives whose lowest violated threshold is this, [n, K + 1]   pass 1
    Tensor excess;     ///< their violations of it, [n, K + 1]                              pass 1
    Tensor slopes;     ///< of the loss in each threshold, per weight, [n, K]               pass 1
    Tensor loss;       ///< [n]                                                             pass 1
    Tensor terms;      ///< [n]                                                             pass 1
    auto members() { return std::tie(positives, weights, filled, counts, excess, slopes, loss, terms); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const;
  void update(Rows& rows, const Tile& tile, int pass) const {
    pass == 0 ? collect(rows, tile) : smooth ? add_smooth(rows, tile) : add_to_buckets(rows, tile);
  }
  void finish(Rows& rows, int pass) const;
  void merge(Rows& rows, const Rows& other) const;

  Tensor loss(const Rows& rows) const { return rows.loss; }
  Tensor terms(const Rows& rows) const { return rows.terms; }
  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const;

  /// Few positives a row: each threshold goes through the row by itself, which costs less than a search a pair.
  bool fuses_rows(int64_t most) const { return !smooth && most <= kMostFused; }
  template <class Bytes>
  [[gnu::always_inline]] RowCost row_cost(Bytes bytes, const RowPairs& row) const;
  template <class Bytes>
  [[gnu::always_inline]] RowCost row_slopes(Bytes bytes, const RowPairs& row, float weight, float* slopes) const;
  Rows gather(const Tensor& loss, const Tensor& terms) const {
    return {.positives = {}, .weights = {}, .filled = {}, .counts = {}, .excess = {}, .slopes = {}, .loss = loss, .terms = terms};
  }

 private:
  static constexpr double kUnused = -kNothing;  // sorts behind every distance
  static constexpr int64_t kMostFused = 64;

  /// What a row costs. `negatives(first, j, violations)` hears how many thresholds, of some from the `first` on, the register of negatives at
  /// j violates; `positive(k, violations)`, how many negatives the k-th.
  template <int bytes, class Negatives, class Positive>
  [[gnu::always_inline]] RowCost go_through(const RowPairs& row, const Negatives& negatives, const Positive& positive) const;

  double sign() const { return distance ? 1 : -1; }
  static Tensor used(const Rows& rows) { return rows.weights > 0; }
  Tensor thresholds(const Rows& rows) const { return (rows.positives + margin).masked_fill(used(rows).logical_not(), 0); }  // [n, K]

  /// How often each pair of the set occurs: [n, m].
  static Tensor occurrences(const PairSet& pairs, const Tile& tile) {
    return pairs.times(pairs.as_mask(tile.rows(), tile.cols(), tile.similarity.device()).to(tile.similarity.scalar_type()));
  }

  /// The lowest threshold above each distance: 0 .. K, and K where none is. [n, m]
  Tensor buckets(const Rows& rows, const Tensor& d) const {
    auto bucket =
        at::searchsorted((rows.positives.detach() + margin).contiguous(), d.detach().contiguous(), /*out_int32=*/false, /*right=*/true);
    bucket.masked_fill_(bucket >= rows.filled.unsqueeze(1), max_positives);
    return bucket.masked_fill_(d.detach().isnan(), 0);  // NaN in, NaN out
  }

  /// A zero that hangs on the graph, where there is no triplet.
  static void attach(Rows& rows, const Tile& tile) { rows.loss = rows.loss + tile.similarity.narrow(1, 0, 0).sum(1); }

  void collect(Rows& rows, const Tile& tile) const;
  void add_to_buckets(Rows& rows, const Tile& tile) const;
  void add_smooth(Rows& rows, const Tile& tile) const;
};

inline TripletMargin::Rows TripletMargin::begin(int64_t n, const at::TensorOptions& options) const {
  const auto zeros = [&](int64_t width) { return at::zeros({n, width}, options); };
  return {at::full({n, max_positives}, kUnused, options),
          zeros(max_positives),
          at::zeros({n}, options.dtype(at::kLong)),
          zeros(max_positives + 1),
          zeros(max_positives + 1),
          zeros(max_positives),
          at::zeros({n}, options),
          at::zeros({n}, options)};
}

/// Appends the tile's positives to those of their rows.
inline void TripletMargin::collect(Rows& rows, const Tile& tile) const {
  if (tile.positive.is_none() || max_positives == 0) return;
  const auto there = tile.positive.as_mask(tile.rows(), tile.cols(), tile.similarity.device());
  const auto pair = there.nonzero();  // [c, 2]
  const auto i = pair.select(1, 0), j = pair.select(1, 1);
  const auto slot = (there.cumsum(1) + (rows.filled.unsqueeze(1) - 1)).index({i, j});
  rows.positives = rows.positives.index_put({i, slot}, tile.similarity.index({i, j}) * sign());
  rows.weights = rows.weights.index_put({i, slot}, occurrences(tile.positive, tile).index({i, j}));
  rows.filled = rows.filled + there.sum(1);
}

inline void TripletMargin::add_to_buckets(Rows& rows, const Tile& tile) const {
  if (max_positives == 0) return attach(rows, tile);
  const auto weight = occurrences(tile.negative(), tile);  // [n, m]
  const auto d = tile.similarity * sign();
  const auto bucket = buckets(rows, d);
  rows.counts = rows.counts.scatter_add(1, bucket, weight);
  // what falls behind all thresholds falls into a column that no threshold reads
  rows.excess = rows.excess.scatter_add(1, bucket, (at::constant_pad_nd(thresholds(rows), {0, 1}).gather(1, bucket) - d) * weight);
}

inline void TripletMargin::add_smooth(Rows& rows, const Tile& tile) const {
  if (max_positives == 0) return attach(rows, tile);
  const auto weight = occurrences(tile.negative(), tile);  // [n, m]
  const auto above = thresholds(rows);
  const auto d = tile.similarity * sign();
  std::vector<Tensor> slopes;
  for (int64_t k = 0; k < max_positives; ++k) {
    const auto x = above.select(1, k).unsqueeze(1) - d;
    rows.loss = rows.loss - (at::log_sigmoid(-x) * weight).sum(1) * rows.weights.select(1, k);
    slopes.push_back((at::sigmoid(x.detach()) * weight).sum(1));
  }
  rows.slopes = rows.slopes + at::stack(slopes, 1);
  rows.terms = rows.terms + weight.sum(1) * rows.weights.sum(1);
}

inline void TripletMargin::finish(Rows& rows, int pass) const {
  if (max_positives == 0) return;
  if (pass == 0) {
    const auto [sorted, order] = rows.positives.sort(1);
    rows.positives = sorted;
    rows.weights = rows.weights.gather(1, order);
  } else if (!smooth) {
    const auto above = thresholds(rows);
    const auto own_count = rows.counts.narrow(1, 0, max_positives), own_excess = rows.excess.narrow(1, 0, max_positives);
    const auto count = own_count.cumsum(1);  // negatives that violate each threshold
    const auto step = at::diff(above, 1, 1, above.narrow(1, 0, 1)).masked_fill(used(rows).logical_not(), 0);
    const auto violation = (own_excess + (count - own_count) * step).cumsum(1);
    rows.slopes = count;
    rows.loss = (rows.weights * violation).sum(1);
    rows.terms = skip_zeros ? (rows.weights * count).sum(1) : rows.weights.sum(1) * rows.counts.sum(1);
  }
}

inline void TripletMargin::merge(Rows& rows, const Rows& other) const {
  if (max_positives == 0) return;
  // the other's positives behind these, where there is room: no row has more than K
  const auto k = at::arange(max_positives, rows.filled.options()).unsqueeze(0);
  const auto source = k - rows.filled.unsqueeze(1);
  const auto take = source.ge(0).logical_and(source.lt(other.filled.unsqueeze(1)));
  const auto place = source.clamp(0, max_positives - 1);
  rows.positives = at::where(take, other.positives.gather(1, place), rows.positives);
  rows.weights = at::where(take, other.weights.gather(1, place), rows.weights);
  rows.filled = rows.filled + other.filled;
  rows.counts = rows.counts + other.counts;
  rows.excess = rows.excess + other.excess;
  rows.slopes = rows.slopes + other.slopes;
  rows.loss = rows.loss + other.loss;
  rows.terms = rows.terms + other.terms;
}

inline Tensor TripletMargin::gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
  if (max_positives == 0) return at::zeros_like(tile.similarity);
  const auto d = (tile.similarity * sign()).contiguous();
  // a positive's slope is that of its threshold
  auto slopes = rows.slopes.gather(1, at::searchsorted(rows.positives.contiguous(), d).clamp_max_(max_positives - 1))
                    .mul_(occurrences(tile.positive, tile));
  // a negative's, the weight of the thresholds above it
  auto pushed = [&] {
    if (!smooth) return at::constant_pad_nd(rows.weights.flip(1).cumsum(1).flip(1), {0, 1}).gather(1, buckets(rows, d));
    const auto above = thresholds(rows);
    auto sum = at::zeros_like(d);
    for (int64_t k = 0; k < max_positives; ++k)
      sum.addcmul_(at::sigmoid(above.select(1, k).unsqueeze(1) - d), rows.weights.select(1, k).unsqueeze(1));
    return sum;
  }();
  return slopes.sub_(pushed.mul_(occurrences(tile.negative(), tile))).mul_(column(upstream * sign()));  // [n, m]
}

template <class Bytes>
[[gnu::always_inline]] inline RowCost TripletMargin::row_cost(Bytes /*bytes*/, const RowPairs& row) const {
  return go_through<Bytes::value>(row, [](int64_t, int64_t, const auto&) {}, [](int64_t, float) {});
}

template <class Bytes>
[[gnu::always_inline]] inline RowCost TripletMargin::row_slopes(Bytes /*bytes*/, const RowPairs& row, float weight, float* slopes) const {
  if (row.count == 0) std::fill_n(slopes, row.width, 0.0f);
  return go_through<Bytes::value>(
      row,
      [=](int64_t first, int64_t j, const auto& violations) __attribute__((always_inline)) {
        auto slope = violations * weight;
        if (first > 0) {
          std::remove_cvref_t<decltype(slope)> others;
          simd::load(others, slopes + j);
          slope += others;
        }
        simd::store(slopes + j, slope);
      },
      [=](int64_t k, float violations) __attribute__((always_inline)) { row.positives[k] = violations * -weight; });
}

template <int bytes, class Negatives, class Positive>
[[gnu::always_inline]] inline RowCost TripletMargin::go_through(const RowPairs& row, const Negatives& negatives,
                                                                const Positive& positive) const {
  using V = simd::Vector<float, bytes>;
  constexpr int together = 4;  // thresholds, whose sums do not wait for one another
  RowCost cost;
  for (int64_t first = 0; first < row.count; first += together) {
    const auto count = std::min<int64_t>(together, row.count - first);
    float thresholds[together];
    V violation[together], violated[together];
#pragma GCC unroll 4
    for (int k = 0; k < together; ++k) {
      thresholds[k] = k < count ? row.positives[first + k] - static_cast<float>(margin) : std::numeric_limits<float>::infinity();
      violation[k] = violated[k] = V{};
    }
    for (int64_t j = 0; j < row.width; j += static_cast<int64_t>(sizeof(V) / sizeof(float))) {
      V s, violations{};
      simd::load(s, row.s + j);
#pragma GCC unroll 4
      for (int k = 0; k < together; ++k) {
        const V excess = s - thresholds[k];
        const V one = excess <= 0 ? V{} : V{} + 1.0f;  // NaN stays
        violation[k] += excess <= 0 ? V{} : excess;
        violated[k] += one;
        violations += one;
      }
      negatives(first, j, violations);
    }
    for (int64_t k = 0; k < count; ++k) {
      const float number = simd::total(violated[k]);
      cost.loss += static_cast<double>(simd::total(violation[k]));
      cost.terms += skip_zeros ? static_cast<double>(number) : static_cast<double>(row.negatives);
      positive(first + k, number);
    }
  }
  return cost;
}

static_assert(FusibleRows<TripletMargin>);

}  // namespace idcl::objective
