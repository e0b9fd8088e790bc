#pragma once

#include "idcl/mining/detail/listing.hpp"
#include "idcl/similarity/cosine.hpp"

namespace idcl::mining {

/// References as similar as `positive` are an anchor's positives, those less similar than `negative` its negatives, and what lies between
/// is ignored. Needs no labels.
///
///     ContrastiveLoss{similarity::Cosine{}, mining::Threshold{.positive = 0.8, .negative = 0.5}, objective::InfoNCE{}}
///
/// Mined in the loss's own similarities, or elsewhere: `loss(text, mining::in(audio))`. An element is never its own pair. Cost: no sweep;
/// mined elsewhere, each tile's product once more.
struct Threshold {
  double positive = 0.8;  ///< finite: s >= positive
  double negative = 0.8;  ///< finite, no more similar than `positive`: s < negative
  bool distance = false;  ///< are small values close? Then d <= positive, d > negative

  struct Pairs {
    double positive, negative;
    bool distance, self;
    Tensor place{};  ///< embedded rows to compare, [N, E]; undefined: the tile's own similarities

    void mark(Tile& tile) const;
    std::vector<Tensor> read() const { return {place}; }
  };

  void check(const char* where) const {
    check::finite(where, "positive", positive);
    check::finite(where, "negative", negative);
    TORCH_CHECK_VALUE(distance ? positive <= negative : negative <= positive, where,
                      ": expected `negative` to be no more similar than `positive`, but got ", negative, " and ", positive);
  }

  Pairs pair(const Scene& scene) const {
    check("idcl::mining::Threshold");
    return {positive, negative, distance, scene.self, scene.place};
  }
};

inline void Threshold::Pairs::mark(Tile& tile) const {
  const at::NoGradGuard no_grad;
  const auto s = place.defined() ? at::mm(place.narrow(0, tile.row, tile.rows()), place.narrow(0, tile.col, tile.cols()).t())
                                 : tile.similarity.detach();
  const auto near = [&](double limit) { return distance ? s <= limit : s >= limit; };
  tile.candidate = candidates(tile, self);
  tile.positive = PairSet::mask(tile.candidate.keep_(near(positive), false));
  if (positive != negative)  // a NaN is a negative: it is to show in the loss
    tile.candidate = PairSet::mask(tile.candidate.keep_(near(positive).logical_or_(near(negative).logical_not_()), false));
}

static_assert(DirectMiner<Threshold>);

/// Options of `threshold`.
struct ThresholdOptions {
  static constexpr auto name = "idcl::mining::threshold";
  /// Finite: pairs as similar are positive, s >= positive, or d <= positive.
  double positive = 0.8;
  /// Finite, no more similar than `positive`: pairs less similar are negative, s < negative, or d > negative.
  double negative = 0.8;
  /// What is compared.
  similarity::Any similarity = similarity::Cosine{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

struct ThresholdMiner {
  mining::Pairs operator()(const Tensor& embeddings, const ThresholdOptions& options = {}) const { return mine(embeddings, {}, options); }
  mining::Pairs operator()(const Tensor& embeddings, const Tensor& ref_embeddings, const ThresholdOptions& options = {}) const {
    check::rows(options.name, "embeddings", embeddings);
    check::comparable(options.name, "embeddings", embeddings, "ref_embeddings", ref_embeddings);
    return mine(embeddings, ref_embeddings, options);
  }

 private:
  static mining::Pairs mine(const Tensor& x, const Tensor& y, const ThresholdOptions& options) {
    const at::NoGradGuard no_grad;
    const engine::NoAutocast no_autocast;
    check::rows(options.name, "embeddings", x);
    const Threshold limits{.positive = options.positive, .negative = options.negative, .distance = options.similarity.distance};
    limits.check(options.name);
    auto tiles = blocks(options.name, x, y, options.similarity, options.workspace_bytes);
    tiles.symmetric = false;
    const Threshold::Pairs pairs{limits.positive, limits.negative, limits.distance, /*self=*/!y.defined()};
    PairList positives(tiles.cols()), negatives(tiles.cols());
    engine::for_each_tile(tiles, [&](Tile tile) {
      pairs.mark(tile);
      positives.add(tile, positive_mask(tile));
      negatives.add(tile, negative_mask(tile).logical_and(tile.similarity.isnan().logical_not()));
    });
    const auto integers = tiles.u.options().dtype(at::kLong);
    const auto [anchor_pos, positive] = positives.sorted(integers);
    const auto [anchor_neg, negative] = negatives.sorted(integers);
    return mining::Pairs(anchor_pos, positive, anchor_neg, negative);
  }
};

}  // namespace detail

/// The pairs that are as similar as `positive`, and those less similar than `negative`; as `Threshold`, listed.
///
///     threshold(embeddings[, options]);   threshold(embeddings, ref_embeddings[, options]);
///
/// embeddings: [N, D], optionally ref_embeddings [M, D]. Returns `Pairs`, by anchor and reference; an element is not its own pair, a NaN is
/// nobody's. No gradient. Throws on shapes, types and devices that disagree and on options out of range. Time: 2 N M D FLOPs; memory:
/// linear in N + M, the workspace, and the result: with the options' defaults, every pair.
inline constexpr detail::ThresholdMiner threshold{};

}  // namespace idcl::mining
