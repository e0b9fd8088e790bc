#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/listed.hpp"
#include "idcl/mining/placed.hpp"
#include "idcl/trajectory/per_length.hpp"
#include "idcl/trajectory/segment_histogram.hpp"
#include "idcl/trajectory/torch/nearest.hpp"
#include "idcl/trajectory/torch/within.hpp"

#include <memory>
#include <string_view>
#include <utility>

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
  const bool fits = lengths.defined() && lengths.dim() == (lengths.scalar_type() == at::kBool ? 2 : 1);
  TORCH_CHECK_VALUE(fits && lengths.size(0) == scene.anchors.size(0), where, ": expected `lengths` [", scene.anchors.size(0),
                    "], one an anchor, or a mask [", scene.anchors.size(0), ", L], but got ",
                    lengths.defined() ? c10::str(lengths.scalar_type(), " ", lengths.sizes()) : "an undefined tensor");
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
  Tensor lengths;  ///< int [N], or a mask bool [N, L]
  int64_t k = 15;  ///< >= 1, positives a dialog

  Listed pair(const Scene& scene) const {
    constexpr auto where = "idcl::mining::TrajectoryTopK";
    check_trajectories<Measure>(where, lengths, scene);
    TORCH_CHECK_VALUE(k >= 1, where, ": expected `k` >= 1, but got ", k);
    const auto [distances, indices, pruned] = trajectory::nearest(measure, values, lengths, k);
    return {indices.masked_fill(distances.isfinite().logical_not_(), -1).to(scene.anchors.device()), /*self=*/true, pruned};
  }
};

/// Every dialog whose trajectory is within a distance is a positive, every other one a negative. As `TrajectoryTopK` else, the pairs
/// measured or excluded as `trajectory::within` does; a dialog that has nobody so near has no term. Memory: linear in N and the positives.
template <class Measure = trajectory::SegmentHistogram>
struct TrajectoryThreshold {
  Measure measure{};
  Tensor values;        ///< labels [T] or [N, L], or numbers [T, D] or [N, L, D]
  Tensor lengths;       ///< int [N], or a mask bool [N, L]
  double within = 0.3;  ///< >= 0 and finite, in the measure's unit

  Placed pair(const Scene& scene) const {
    constexpr auto where = "idcl::mining::TrajectoryThreshold";
    check_trajectories<Measure>(where, lengths, scene);
    check::not_negative(where, "within", within);
    auto near = trajectory::within(measure, values, lengths, within);
    Places places{.members = std::move(near.indices), .groups = {}, .skips_self = true, .mutual = false};
    for (std::size_t i = 0; i + 1 < near.begin.size(); ++i) places.groups.push_back({near.begin[i], near.begin[i + 1]});
    return {std::make_shared<const Places>(std::move(places)), near.pruned};
  }
};

static_assert(DirectMiner<TrajectoryTopK<>> && DirectMiner<TrajectoryThreshold<>>);

}  // namespace idcl::mining
