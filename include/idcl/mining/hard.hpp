#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/labels.hpp"

#include <c10/util/Exception.h>

namespace idcl::mining {

namespace detail {

/// `Extremes` by label, of similarities as the engine sweeps them.
template <int Passes>
struct LabelledExtremes {
  static constexpr int passes = Passes;
  using Rows = typename Extremes<Passes>::Rows;
  Extremes<Passes> extremes;
  Labels::Pairs labels;

  Rows begin(int64_t n, const at::TensorOptions& options) const { return extremes.begin(n, options); }
  void update(Rows& rows, const Tile& tile, int pass) const {
    auto marked = tile;
    labels.mark(marked);
    marked.similarity = tile.similarity.neg();
    extremes.update(rows, marked, pass);
  }
  void merge(Rows& rows, const Rows& other) const { extremes.merge(rows, other); }
};

/// One positive and one negative of each anchor, or all of a kind.
struct ChosenPairs {
  Labels::Pairs labels;
  Tensor positive, negative;  ///< int64 [N], -1 where an anchor has none; undefined: all of them
  Tensor lost;                ///< bool [N]: anchors that a NaN is compared with; they keep all pairs, so that it shows in the loss

  void mark(Tile& tile) const {
    labels.mark(tile);
    const auto n = tile.rows(), m = tile.cols();
    const auto all = lost.narrow(0, tile.row, n).unsqueeze(1);  // [n, 1]
    const auto chosen = [&](const PairSet& of, const Tensor& index) {
      const auto mask = of.as_mask(n, m, tile.similarity.device());
      if (!index.defined()) return mask;
      const auto column = index.narrow(0, tile.row, n).unsqueeze(1) - tile.col;  // [n, 1]
      return mask.logical_and(column.eq(at::arange(m, column.options())).logical_or_(all));
    };
    const auto positives = chosen(tile.positive, positive), negatives = chosen(tile.negative(), negative);
    tile.candidate = PairSet::mask(positives.logical_or(negatives));
    tile.positive = PairSet::mask(positives);
  }

  std::vector<Tensor> read() const { return labels.read(); }
};

template <int Passes>
ChosenPairs chosen_pairs(const Scene& scene, Strategy positive, Strategy negative, const typename Extremes<Passes>::Rows& rows) {
  const auto& u = scene.place.defined() ? scene.place : scene.anchors;
  const auto& v = scene.place.defined() ? scene.place : scene.references;
  // where both are chosen, an anchor that lacks one has neither
  const auto one_each = positive != Strategy::All && negative != Strategy::All;
  const auto index = [&](Strategy strategy, const Tensor& found) {
    return strategy == Strategy::All ? Tensor() : one_each ? found.masked_fill(rows.found().logical_not(), -1) : found;
  };
  return {Labels{}.pair(scene), index(positive, rows.positive_index), index(negative, rows.negative_index),
          u.isnan().any(1).logical_or(v.isnan().any())};
}

}  // namespace detail

/// By label, each anchor's hardest positive, the least similar, and its hardest negative, the most similar: batch hard, inside a loss.
///
///     ContrastiveLoss{similarity::Cosine{}, mining::Hard{.positive = mining::Strategy::All}, objective::SupCon{}}
///
/// Either may be `Easy` instead, or `All`. Equal similarities go to the lower index. Cost: one sweep of the similarities.
struct Hard {
  Strategy positive = Strategy::Hard;  ///< `Hard`, `Easy` or `All`
  Strategy negative = Strategy::Hard;  ///< `Hard`, `Easy` or `All`

  using Rows = detail::Extremes<1>::Rows;

  detail::LabelledExtremes<1> fold(const Scene& scene) const {
    TORCH_CHECK_VALUE(positive != Strategy::SemiHard && negative != Strategy::SemiHard,
                      "idcl::mining::Hard: expected Strategy::Hard, Easy or All, but got SemiHard; use mining::SemiHard");
    return {{.positive = positive, .negative = negative}, Labels{}.pair(scene)};
  }
  detail::ChosenPairs pair(const Scene& scene, const Rows& rows) const { return detail::chosen_pairs<1>(scene, positive, negative, rows); }
};

/// By label, one positive of each anchor and the most similar negative that is still less similar than it; an anchor that lacks one of the
/// two has neither. Equal similarities go to the lower index. Cost: two sweeps of the similarities. Schroff et al. 2015, section 3.2.
struct SemiHard {
  Strategy positive = Strategy::Easy;  ///< `Easy`, the most similar one, or `Hard`, the least

  using Rows = detail::Extremes<2>::Rows;

  detail::LabelledExtremes<2> fold(const Scene& scene) const {
    TORCH_CHECK_VALUE(positive == Strategy::Easy || positive == Strategy::Hard,
                      "idcl::mining::SemiHard: expected `positive` to be Strategy::Easy or Hard");
    return {{.positive = positive, .negative = Strategy::SemiHard}, Labels{}.pair(scene)};
  }
  detail::ChosenPairs pair(const Scene& scene, const Rows& rows) const {
    return detail::chosen_pairs<2>(scene, positive, Strategy::SemiHard, rows);
  }
};

static_assert(FoldingMiner<Hard> && FoldingMiner<SemiHard>);

}  // namespace idcl::mining
