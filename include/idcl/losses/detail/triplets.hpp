#pragma once

#include "idcl/losses/detail/label_loss.hpp"
#include "idcl/objective/listed.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace idcl::detail {

/// The similarities of pairs (i, j) of x and y, [T]: each pair is picked from the tiles once, however often it is listed. Memory O(T).
template <class Options>
Tensor picked_similarities(const similarity::Any& similarity, const Tensor& x, const Tensor& y, bool self, const Tensor& i, const Tensor& j,
                           const Options& options) {
  const auto m = std::max<int64_t>(y.size(0), 1);
  const auto [keys, inverse, counts] = at::_unique2(i * m + j, /*sorted=*/true, /*return_inverse=*/true);
  const auto row = at::floor_divide(keys, m);
  const auto rows = at::arange(x.size(0), row.options());
  const auto begin = at::searchsorted(row, rows);  // of each row among the pairs
  const auto slot = at::arange(row.size(0), row.options()) - begin.index_select(0, row);
  const auto width = slot.numel() > 0 ? slot.max().item<int64_t>() + 1 : 0;
  const auto list = at::full({x.size(0), width}, -1, row.options()).index_put({row, slot}, keys.remainder(m));
  const auto [u, v] = self ? similarity.both(x) : std::pair{similarity.embed(x), similarity.references(y)};
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const auto unmarked = mining::AnyPairing{.mark = [](Tile&) {}};
  const auto picked = engine::evaluate(objective::Listed{list}, unmarked, u, v, self, evaluation, similarity.metric()).loss;  // [N, K]
  return picked.reshape({-1}).index_select(0, (row * width + slot).index_select(0, inverse));
}

/// Distances of triplets, [T] each; a similarity counts as minus a distance.
struct TripletDistances {
  Tensor positive, negative;
};

/// With `swap`, the negative's distance is the smaller one of that to the anchor and that to the positive.
template <class Options>
TripletDistances triplet_distances(const LabelArguments& of, const mining::Triplets& triplets, const similarity::Any& similarity, bool swap,
                                   const Options& options) {
  const auto sign = similarity.distance ? 1 : -1;
  const auto count = triplets.anchor.size(0);
  const auto both =
      sign * picked_similarities(similarity, of.embeddings, of.others(), of.is_self(), at::cat({triplets.anchor, triplets.anchor}),
                                 at::cat({triplets.positive, triplets.negative}), options);
  TripletDistances d{both.narrow(0, 0, count), both.narrow(0, count, count)};
  if (swap)
    d.negative = at::minimum(d.negative, sign * picked_similarities(similarity, of.others(), of.others(), /*self=*/true, triplets.positive,
                                                                    triplets.negative, options));
  return d;
}

/// Every triplet of the labels, or of the given pairs, listed.
inline mining::Triplets all_triplets(const LabelArguments& of) {
  if (of.pairs) {
    const auto joined = of.pairs->anchor_pos.unsqueeze(1).eq(of.pairs->anchor_neg).nonzero();  // [T, 2]
    const auto p = joined.select(1, 0), n = joined.select(1, 1);
    return mining::Triplets(of.pairs->anchor_pos.index_select(0, p), of.pairs->positive.index_select(0, p),
                            of.pairs->negative.index_select(0, n));
  }
  const auto same = of.labels.unsqueeze(1).eq(of.is_self() ? of.labels : of.reference_labels);  // [N, M]
  auto positive = same.clone();
  if (of.skips_diagonal()) positive.fill_diagonal_(false);
  const auto pairs = positive.nonzero();  // [P, 2]
  const auto anchor = pairs.select(1, 0);
  const auto joined = same.logical_not().index_select(0, anchor).nonzero();  // [T, 2]
  const auto p = joined.select(1, 0);
  return mining::Triplets(anchor.index_select(0, p), pairs.select(1, 1).index_select(0, p), joined.select(1, 1));
}

/// No anchor has more positives than this: the largest class, or the most positive pairs given of one anchor.
inline int64_t most_positives(const LabelArguments& of) {
  const auto& given = of.pairs ? of.pairs->anchor_pos : of.is_self() ? of.labels : of.reference_labels;
  const auto groups = given.to(at::kCPU, at::kLong).contiguous();
  std::vector<int64_t> sorted(groups.const_data_ptr<int64_t>(), groups.const_data_ptr<int64_t>() + groups.numel());
  std::sort(sorted.begin(), sorted.end());
  int64_t largest = 0;
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last = std::upper_bound(first, sorted.end(), *first);
    largest = std::max<int64_t>(largest, last - first);
    first = last;
  }
  return std::max<int64_t>(largest - (!of.pairs && of.is_self() ? 1 : 0), 0);
}

}  // namespace idcl::detail
