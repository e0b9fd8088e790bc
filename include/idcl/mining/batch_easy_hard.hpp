#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/detail/listing.hpp"
#include "idcl/mining/detail/whole_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace idcl::mining {

/// Options of `batch_easy_hard`.
///
///     mining::batch_easy_hard(embeddings, labels, {.pos_strategy = mining::Strategy::All, .neg_strategy = mining::Strategy::Hard});
struct BatchEasyHardOptions {
  static constexpr auto name = "idcl::mining::batch_easy_hard";
  /// Which positive of an anchor is taken. `SemiHard` goes with a negative that is easy or hard.
  Strategy pos_strategy = Strategy::Easy;
  /// Which negative of an anchor is taken. `SemiHard` goes with a positive that is easy or hard.
  Strategy neg_strategy = Strategy::SemiHard;
  /// Only positives within are looked at, in the similarity's own unit.
  Range allowed_pos_range{};
  /// Only negatives within are looked at.
  Range allowed_neg_range{};
  /// What is compared.
  similarity::Any similarity = similarity::Euclidean{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// The range in distances, a similarity counting as minus one.
inline Range as_distances(const char* where, const char* name, const Range& range, bool distance) {
  TORCH_CHECK_VALUE(range.low <= range.high, where, ": expected `", name, "` to have low <= high, but got [", range.low, ", ", range.high,
                    "]");
  return distance ? range : Range{-range.high, -range.low};
}

inline void check_strategies(const char* where, Strategy positive, Strategy negative) {
  const bool semi = positive == Strategy::SemiHard || negative == Strategy::SemiHard;
  TORCH_CHECK_VALUE(
      !(semi && (positive == negative || positive == Strategy::All || negative == Strategy::All)), where,
      ": expected Strategy::SemiHard beside Strategy::Easy or Hard, to which it is compared, but got it beside SemiHard or All");
}

/// What is chosen for each anchor and what is taken of all, put together: a chosen pair stays where the anchor has one of the other kind,
/// chosen too.
template <class Rows>
Pairs chosen_pairs(bool all_positives, bool all_negatives, const Rows& rows, Pairs all) {
  const auto keep = [](Tensor& anchors, Tensor& others, const Tensor& index, const Tensor& mask) {
    anchors = mask.nonzero().select(1, 0);
    others = index.index_select(0, anchors);
  };
  if (!all_positives) keep(all.anchor_pos, all.positive, rows.positive_index, all_negatives ? rows.positive_index.ge(0) : rows.found());
  if (!all_negatives) keep(all.anchor_neg, all.negative, rows.negative_index, all_positives ? rows.negative_index.ge(0) : rows.found());
  return all;
}

template <int Passes>
Pairs easy_hard_pairs_of_tiles(const Ground& ground, const Extremes<Passes>& fold) {
  const bool all_positives = fold.positive == Strategy::All, all_negatives = fold.negative == Strategy::All;
  const auto rows = ground.fold(fold);
  const auto take_all = [&](const Tile& tile) {
    const auto& d = tile.similarity;
    const auto take = [&](bool all, const Tensor& mask, const Range& range) {
      return all ? mask.logical_and(d >= range.low).logical_and_(d <= range.high) : at::zeros({0, 0}, mask.options());
    };
    return std::pair{take(all_positives, positive_mask(tile), fold.positive_range),
                     take(all_negatives, negative_mask(tile), fold.negative_range)};
  };
  const auto none = at::empty({0}, ground.integers());
  return chosen_pairs(all_positives, all_negatives, rows,
                      all_positives || all_negatives ? list_pairs(ground, take_all) : Pairs(none, none, none, none));
}

/// A side's choice in one row: the nearest or the farthest within a range.
template <class T>
Place<T> choose(std::span<const T> d, bool farthest, T low, T high) {
  return farthest ? largest(d, low, high) : least(d, low, high);
}

/// The same of whole rows, in one sweep: a row's semi-hard side is chosen after its other side.
template <class T, int Passes>
Pairs easy_hard_pairs_of_rows(const Ground& ground, const Extremes<Passes>& fold) {
  constexpr auto infinity = std::numeric_limits<T>::infinity();
  const auto chosen = fold.begin(ground.rows(), ground.blocks.u.options());
  auto *positive = chosen.positive_index.template data_ptr<int64_t>(), *negative = chosen.negative_index.template data_ptr<int64_t>();
  const auto pairs = list_row_pairs<T>(ground, [&](const WholeRow<T>& row) {
    auto p_low = static_cast<T>(fold.positive_range.low), p_high = static_cast<T>(fold.positive_range.high),
         n_low = static_cast<T>(fold.negative_range.low), n_high = static_cast<T>(fold.negative_range.high);
    const auto of_positives = [&] { return choose(row.reach, fold.positive != Strategy::Easy, p_low, p_high); };
    const auto of_negatives = [&] { return choose(row.negatives, fold.negative == Strategy::Easy, n_low, n_high); };
    Place<T> p, n;
    if (fold.positive == Strategy::SemiHard) {
      n = of_negatives();
      p_high = std::min(p_high, std::nextafter(n.value, -infinity));
      p = of_positives();
    } else {
      p = of_positives();
      if (fold.negative == Strategy::SemiHard) n_low = std::max(n_low, std::nextafter(p.value, infinity));
      n = of_negatives();
    }
    positive[row.anchor] = p.at < 0 ? -1 : row.positives[static_cast<std::size_t>(p.at)];
    negative[row.anchor] = n.at;
    const auto all = [](bool wanted, T low, T high) {
      const bool listed = wanted && low <= high;
      return [=](auto& found, const auto& d) __attribute__((always_inline)) {
        auto within = d;
        simd::clamp(within, low, high);
        if (listed) found |= within == d;
      };
    };
    return std::pair{all(fold.positive == Strategy::All, p_low, p_high), all(fold.negative == Strategy::All, n_low, n_high)};
  });
  return chosen_pairs(fold.positive == Strategy::All, fold.negative == Strategy::All, chosen, pairs);
}

template <int Passes>
Pairs easy_hard_pairs(const Ground& ground, const Extremes<Passes>& fold) {
  if (!sees_whole_rows(ground)) return easy_hard_pairs_of_tiles(ground, fold);
  return AT_DISPATCH_FLOATING_TYPES(ground.blocks.u.scalar_type(), BatchEasyHardOptions::name,
                                    [&] { return easy_hard_pairs_of_rows<scalar_t>(ground, fold); });
}

inline Pairs batch_easy_hard(const Ground& ground, const BatchEasyHardOptions& options) {
  check_strategies(options.name, options.pos_strategy, options.neg_strategy);
  const auto positives = as_distances(options.name, "allowed_pos_range", options.allowed_pos_range, ground.distance);
  const auto negatives = as_distances(options.name, "allowed_neg_range", options.allowed_neg_range, ground.distance);
  if (options.pos_strategy == Strategy::SemiHard || options.neg_strategy == Strategy::SemiHard)
    return easy_hard_pairs(ground, Extremes<2>{options.pos_strategy, options.neg_strategy, positives, negatives});
  return easy_hard_pairs(ground, Extremes<1>{options.pos_strategy, options.neg_strategy, positives, negatives});
}

}  // namespace detail

/// One positive and one negative pair of each anchor: the nearest or the farthest, by strategy, or all of a kind.
///
///     batch_easy_hard(embeddings, labels[, options]);   batch_easy_hard(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D] and integer labels: [N]; optionally ref_embeddings [M, D] and ref_labels [M], from which positives and negatives are
/// taken then, the diagonal included. Returns `Pairs`. Where both sides are chosen, an anchor that lacks one has neither; where one is
/// `All`, the other stands for itself. Equal distances go to the lower index; a NaN is nobody's pair. No gradient. Throws on shapes,
/// types and devices that disagree and on options that do not go together. Time: 2 N M D FLOPs (on other devices than the CPU twice
/// for `SemiHard` or `All`); memory: linear in N + M, the workspace, and with `All` the result. Xuan et al. 2020.
inline constexpr detail::LabelMiner<BatchEasyHardOptions, detail::batch_easy_hard> batch_easy_hard{};

}  // namespace idcl::mining
