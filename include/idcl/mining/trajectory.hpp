#pragma once

#include "idcl/mining/distances.hpp"
#include "idcl/trajectory/per_length.hpp"
#include "idcl/trajectory/segment_histogram.hpp"
#include "idcl/trajectory/torch/nearest.hpp"
#include "idcl/trajectory/torch/pairwise.hpp"

#include <string_view>

namespace idcl::mining {

/// Does a measure grow with the length of what it compares? Mined by such a one, short dialogs would be everybody's neighbours.
template <class Measure>
inline constexpr bool grows_with_length = std::string_view(Measure::name) == "Dtw" || std::string_view(Measure::name) == "SoftDtw";

/// What miners by trajectory ask of a scene: one set, and a length an anchor.
template <class Measure>
void check_trajectories(const char* where, const Tensor& lengths, const Scene& scene) {
  static_assert(!grows_with_length<Measure>, "this measure grows with length: mine by idcl::trajectory::PerLength{.measure = ...} of it");
  TORCH_CHECK(scene.self, where,
              ": expected one set, as in loss(x), but got two; measure their distances and mine by DistanceTopK or DistanceThreshold");
  TORCH_CHECK_VALUE(lengths.defined() && lengths.dim() == 1 && lengths.size(0) == scene.anchors.size(0), where, ": expected `lengths` [",
                    scene.anchors.size(0), "], one an anchor, but got ",
                    lengths.defined() ? c10::str(lengths.sizes()) : "an undefined tensor");
}

/// The k dialogs of most similar trajectory are a dialog's positives, every other one is a negative. Equal distances go to the lower
/// index.
///
///     mining::TrajectoryTopK{.measure = trajectory::SegmentHistogram{}, .values = labels, .lengths = lengths, .k = 15}
///
/// `values` and `lengths` as `trajectory::pairwise` takes them: labels, numbers or features, one sequence an anchor. The distances are
/// measured at every call, but for the pairs that a measure's lower bounds exclude (`trajectory::nearest`; `pair(scene).pruned` is their
/// share); where the same dialogs come again, measure once and mine by `DistanceTopK`. A measure that grows with length (`Dtw`, `SoftDtw`)
/// is refused: wrap it in `trajectory::PerLength`. Throws as `nearest` and `DistanceTopK` do. Memory: N k numbers.
template <class Measure = trajectory::SegmentHistogram>
struct TrajectoryTopK {
  Measure measure{};
  Tensor values;   ///< labels [T] or [N, L], or numbers [T, D] or [N, L, D]
  Tensor lengths;  ///< int [N]
  int64_t k = 15;  ///< >= 1, positives a dialog

  Listed pair(const Scene& scene) const {
    constexpr auto where = "idcl::mining::TrajectoryTopK";
    check_trajectories<Measure>(where, lengths, scene);
    TORCH_CHECK_VALUE(k >= 1, where, ": expected `k` >= 1, but got ", k);
    const auto [distances, indices, pruned] = trajectory::nearest(measure, values, lengths, k);
    return {indices.masked_fill(distances.isfinite().logical_not_(), -1).to(scene.anchors.device()), /*self=*/true, pruned};
  }
};

/// Every dialog whose trajectory is within a distance is a positive, every other one a negative. As `TrajectoryTopK` else; a dialog
/// that has nobody so near has no term. Memory: N^2 distances.
template <class Measure = trajectory::SegmentHistogram>
struct TrajectoryThreshold {
  Measure measure{};
  Tensor values;        ///< labels [T] or [N, L], or numbers [T, D] or [N, L, D]
  Tensor lengths;       ///< int [N]
  double within = 0.3;  ///< >= 0 and finite, in the measure's unit

  Marked pair(const Scene& scene) const {
    check_trajectories<Measure>("idcl::mining::TrajectoryThreshold", lengths, scene);
    const auto distances = trajectory::pairwise(measure, values, lengths).to(scene.anchors.device());
    return DistanceThreshold{.distances = distances, .within = within}.pair(scene);
  }
};

static_assert(DirectMiner<TrajectoryTopK<>> && DirectMiner<TrajectoryThreshold<>>);

}  // namespace idcl::mining
