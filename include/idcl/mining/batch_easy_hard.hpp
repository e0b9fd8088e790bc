#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/detail/listing.hpp"

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

template <int Passes>
Pairs easy_hard_pairs(const Ground& ground, const Extremes<Passes>& fold) {
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
  auto result = all_positives || all_negatives ? list_pairs(ground, take_all) : Pairs(none, none, none, none);
  const auto keep = [](Tensor& anchors, Tensor& others, const Tensor& index, const Tensor& mask) {
    anchors = mask.nonzero().select(1, 0);
    others = index.index_select(0, anchors);
  };
  if (!all_positives)
    keep(result.anchor_pos, result.positive, rows.positive_index, all_negatives ? rows.positive_index.ge(0) : rows.found());
  if (!all_negatives)
    keep(result.anchor_neg, result.negative, rows.negative_index, all_positives ? rows.negative_index.ge(0) : rows.found());
  return result;
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
/// types and devices that disagree and on options that do not go together. Time: N M D multiply-adds, twice for `SemiHard` or `All`;
/// memory: linear in N + M, the workspace, and with `All` the result. Xuan et al. 2020.
inline constexpr detail::LabelMiner<BatchEasyHardOptions, detail::batch_easy_hard> batch_easy_hard{};

}  // namespace idcl::mining
