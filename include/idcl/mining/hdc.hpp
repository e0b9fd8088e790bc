#pragma once

#include "idcl/mining/detail/listing.hpp"
#include "idcl/mining/detail/whole_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

namespace idcl::mining {

/// Options of `hdc`.
struct HDCOptions {
  static constexpr auto name = "idcl::mining::hdc";
  /// In (0, 1]: the share of positive pairs, and of negative pairs, that is taken.
  double filter_percentage = 0.5;
  /// What is compared.
  similarity::Any similarity = similarity::Euclidean{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// The k pairs of least value among all that are added, never holding many more than those; equal values go to the lower pair.
class LeastPairs {
 public:
  LeastPairs(int64_t k, int64_t references, double bound = std::numeric_limits<double>::infinity())
      : k_(k), references_(std::max<int64_t>(references, 1)), bound_(bound) {}

  /// What is above it, or NaN, is none of them.
  double bound() const { return bound_; }

  /// `both`: and (reference, anchor), of the same value.
  void add(double value, int64_t anchor, int64_t reference, bool both = false) {
    if (k_ == 0 || !(value <= bound_)) return;
    pairs_.emplace_back(value, anchor * references_ + reference);
    if (both) pairs_.emplace_back(value, reference * references_ + anchor);
    if (std::ssize(pairs_) >= 2 * k_ + kSlack) prune();
  }

  void merge(const LeastPairs& other) {
    pairs_.insert(pairs_.end(), other.pairs_.begin(), other.pairs_.end());
    prune();
  }

  /// None of them yet, and the same bound.
  LeastPairs more() const { return {k_, references_, bound_}; }

  /// {anchors, references}, by anchor and reference, int64 [k] each.
  std::pair<Tensor, Tensor> sorted(const at::TensorOptions& integers) {
    prune();
    std::vector<int64_t> keys;
    for (const auto& [value, key] : pairs_) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    const auto all = at::tensor(keys, at::kLong).to(integers.device());
    return {all.floor_divide(references_), all.remainder(references_)};
  }

 private:
  static constexpr int64_t kSlack = 1 << 14;

  void prune() {
    if (std::ssize(pairs_) <= k_) return;
    std::nth_element(pairs_.begin(), pairs_.begin() + (k_ - 1), pairs_.end());
    pairs_.resize(k_);
    bound_ = pairs_.back().first;
  }

  int64_t k_, references_;
  std::vector<std::pair<double, int64_t>> pairs_;  ///< value and place
  double bound_;
};

inline void add_tiles(const Ground& ground, LeastPairs& positives, LeastPairs& negatives) {
  const auto add = [](LeastPairs& least, const Tile& tile, const Tensor& value, const Tensor& mask) {
    const auto places = mask.logical_and(value <= least.bound()).nonzero();  // [t, 2]
    const auto values = value.index({places.select(1, 0), places.select(1, 1)}).to(at::kDouble).cpu(), here = places.cpu();
    const auto of = values.accessor<double, 1>();
    const auto at = here.accessor<int64_t, 2>();
    for (int64_t t = 0; t < values.size(0); ++t) least.add(of[t], tile.row + at[t][0], tile.col + at[t][1]);
  };
  ground.unordered().for_each([&](const Tile& tile) {
    add(positives, tile, tile.similarity.neg(), positive_mask(tile));
    add(negatives, tile, tile.similarity, negative_mask(tile));
  });
}

/// The same of whole rows; where both orders of a pair tie, it is looked at in the lower one's row.
template <class T>
void add_rows(const Ground& ground, LeastPairs& positives, LeastPairs& negatives) {
  const bool both = ground.self() && ground.blocks.metric.symmetric;
  std::mutex mutex;
  for_each_stretch<T>(ground, [&](int64_t /*first*/, const auto& each) {
    std::unique_lock lock(mutex);
    auto far = positives.more(), near = negatives.more();
    lock.unlock();
    std::vector<int64_t> found(static_cast<std::size_t>(ground.cols()));
    each([&](const WholeRow<T>& row) {
      const auto begin = both ? row.anchor + 1 : 0;
      for (std::size_t k = 0; k < row.positives.size(); ++k)
        if (row.positives[k] >= begin) far.add(-row.reach[k], row.anchor, row.positives[k], both);
      const auto rest = row.negatives.subspan(static_cast<std::size_t>(begin));
      const auto bound = static_cast<T>(near.bound());
      const auto count =
          list_where(rest, [=](auto& wanted, const auto& d) __attribute__((always_inline)) { wanted |= d <= bound; }, found.data());
      for (int64_t t = 0; t < count; ++t) near.add(rest[static_cast<std::size_t>(found[t])], row.anchor, begin + found[t], both);
    });
    lock.lock();
    positives.merge(far);
    negatives.merge(near);
  });
}

inline Pairs hdc(const Ground& ground, const HDCOptions& options) {
  TORCH_CHECK_VALUE(options.filter_percentage > 0 && options.filter_percentage <= 1, options.name,
                    ": expected `filter_percentage` within (0, 1], but got ", options.filter_percentage);
  const auto n = ground.rows(), m = ground.cols(), own = ground.self() ? n : 0;
  const auto same = class_sizes(ground.labels).sum().item<int64_t>();
  const auto share = [&](int64_t pairs) { return static_cast<int64_t>(std::ceil(options.filter_percentage * static_cast<double>(pairs))); };
  LeastPairs positives(share(same - own), m), negatives(share(n * m - same), m);
  if (sees_whole_rows(ground))
    AT_DISPATCH_FLOATING_TYPES(ground.blocks.u.scalar_type(), HDCOptions::name, [&] { add_rows<scalar_t>(ground, positives, negatives); });
  else
    add_tiles(ground, positives, negatives);
  const auto [anchor_pos, positive] = positives.sorted(ground.integers());
  const auto [anchor_neg, negative] = negatives.sorted(ground.integers());
  return Pairs(anchor_pos, positive, anchor_neg, negative);
}

}  // namespace detail

/// The hardest share of all positive pairs, the farthest, and of all negative pairs, the nearest; the ceiling of their number.
///
///     hdc(embeddings, labels[, options]);   hdc(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Pairs`, by anchor and reference. Equal distances go to the lower anchor, then to the lower
/// reference; a NaN is nobody's pair. No gradient. Throws on shapes, types and devices that disagree and on options out of range.
/// Time: 2 N M D FLOPs; memory: linear in N + M, the workspace, and a few times the result. Yuan et al. 2017, section 3.2.
inline constexpr detail::LabelMiner<HDCOptions, detail::hdc> hdc{};

}  // namespace idcl::mining
