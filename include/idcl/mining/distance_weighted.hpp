#pragma once

#include "idcl/mining/detail/listing.hpp"

#include <ATen/core/Generator.h>

#include <limits>
#include <optional>
#include <tuple>

namespace idcl::mining {

/// Options of `distance_weighted`.
struct DistanceWeightedOptions {
  static constexpr auto name = "idcl::mining::distance_weighted";
  /// > 0: distances below count as this one, so that the nearest do not outweigh everything.
  double cutoff = 0.5;
  /// > 0: negatives as far as this or farther are never taken.
  double nonzero_loss_cutoff = 1.4;
  /// Where the draws come from; LibTorch's default generator if none is given.
  std::optional<at::Generator> generator{};
  /// > 0, bytes held beyond inputs and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

namespace detail {

/// Log-weights of a tile's negatives, float64 [n, m]; -inf for all others. d: Euclidean distance of rows of unit length, `width` numbers
/// each.
inline Tensor log_weights(const Tile& tile, int64_t width, const DistanceWeightedOptions& options) {
  const auto d = tile.similarity.to(at::kDouble).clamp_min(options.cutoff);
  const auto w = d.log() * static_cast<double>(2 - width) - (1 - d.square() / 4).log() * (static_cast<double>(width - 3) / 2);
  const auto able = negative_mask(tile).logical_and(d < options.nonzero_loss_cutoff).logical_and_(w.isfinite());
  return w.masked_fill(able.logical_not(), -std::numeric_limits<double>::infinity());
}

/// A row's log-sum-exp of weights, as a fold.
struct TotalWeight {
  static constexpr int passes = 1;
  int64_t width;
  DistanceWeightedOptions options;

  struct Rows {
    Tensor total;  ///< float64 [n]
    auto members() { return std::tie(total); }
  };

  Rows begin(int64_t n, const at::TensorOptions& rows) const {
    return {at::full({n}, -std::numeric_limits<double>::infinity(), rows.dtype(at::kDouble))};
  }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    rows.total = at::logaddexp(rows.total, log_weights(tile, width, options).logsumexp(1));
  }
  void merge(Rows& rows, const Rows& other) const { rows.total = at::logaddexp(rows.total, other.total); }
};

/// Draws by the inverse of each row's cumulated weights, in the order of the references: the same whatever the tiles.
struct Draw {
  static constexpr int passes = 1;
  TotalWeight weight;
  Tensor total;  ///< [N]
  Tensor level;  ///< uniform in [0, 1), [N, P]

  struct Rows {
    Tensor before;  ///< the weights seen so far, [n]
    Tensor index;   ///< int64 [n, P], -1 while nothing of any weight was seen
    auto members() { return std::tie(before, index); }
  };

  Rows begin(int64_t n, const at::TensorOptions& rows) const {
    return {at::zeros({n}, rows.dtype(at::kDouble)), at::full({n, level.size(1)}, -1, rows.dtype(at::kLong))};
  }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto w = (log_weights(tile, weight.width, weight.options) - beside(tile, total)).exp().nan_to_num(0);  // [n, m]
    const auto reached = w.cumsum(1).add_(rows.before.unsqueeze(1)).contiguous();
    const auto wanted = level.narrow(0, tile.row, tile.rows()).contiguous();  // [n, P]
    // the first reference whose cumulated weight exceeds the level; a level above all of them stays with the last of any weight
    const auto place = at::searchsorted(reached, wanted, /*out_int32=*/false, /*right=*/true);
    const auto last = at::where(w > 0, at::arange(tile.cols(), place.options()), -1).amax(1, /*keepdim=*/true);  // [n, 1]
    const auto open = wanted >= rows.before.unsqueeze(1);
    const auto found = at::minimum(place, last);
    rows.index = at::where(open.logical_and(found.ge(0)), found + tile.col, rows.index);
    rows.before = reached.select(1, tile.cols() - 1);
  }

  void merge(Rows& /*rows*/, const Rows& /*other*/) const { TORCH_INTERNAL_ASSERT(false, "draws are made in one sweep"); }
};

inline Triplets distance_weighted(const Ground& ground, const DistanceWeightedOptions& options) {
  check::positive(options.name, "cutoff", options.cutoff);
  check::positive(options.name, "nonzero_loss_cutoff", options.nonzero_loss_cutoff);
  const auto positives = list_positives(ground);  // [N, P]
  const TotalWeight weight{ground.embeddings.size(1), options};
  const auto total = ground.fold(weight).total;
  const auto level = at::rand(positives.sizes(), options.generator, total.options());
  const auto negatives = ground.fold(Draw{weight, total, level}).index;
  const auto taken = positives.ge(0).logical_and(negatives.ge(0));
  return Triplets(taken.nonzero().select(1, 0), positives.masked_select(taken), negatives.masked_select(taken));
}

}  // namespace detail

/// Each positive pair with one negative, drawn so that all distances are about as likely: by the inverse of how many points a sphere has
/// at that distance,
///
///   weight = 1 / q(max(d_an, cutoff)),    q(d) = d^(D-2) (1 - d^2 / 4)^((D-3)/2),    0 for d_an >= nonzero_loss_cutoff
///
///     distance_weighted(embeddings, labels[, options]);   distance_weighted(embeddings, labels, ref_embeddings, ref_labels[, options]);
///
/// embeddings: [N, D], brought to unit length and compared by Euclidean distance; integer labels: [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M], from which positives and negatives are taken then, the diagonal included. Returns `Triplets`, by anchor and positive; an
/// anchor without a negative of any weight has none. The same generator state gives the same triplets, whatever the workspace. A NaN is
/// nobody's negative. No gradient. Throws on shapes, types and devices that disagree and on options out of range. Time: 4 N M D
/// FLOPs; memory: O(N P), P the size of a class, and the workspace. Wu et al. 2017, section 4.
inline constexpr detail::LabelMiner<DistanceWeightedOptions, detail::distance_weighted> distance_weighted{};

}  // namespace idcl::mining
