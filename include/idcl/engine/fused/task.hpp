#pragma once

#include "idcl/engine/fused/exceptions.hpp"
#include "idcl/engine/tiles.hpp"
#include "idcl/engine/workspace.hpp"
#include "idcl/similarity/similarity.hpp"

#include <ATen/Parallel.h>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace idcl::engine::fused {

/// One fused evaluation: who is compared with whom, and what forward leaves for backward. Everything is float32 on the CPU. What a
/// kernel calls s is how close a pair is: its similarity, or its distance with the sign changed.
struct Task {
  mining::Places places{};
  mining::Places asked{};  ///< the same reversed, where the columns of a symmetric S need it
  LogitScales scales;      ///< of closeness
  Plan plan;
  bool both;      ///< two sets, and the references are anchors too
  bool one_side;  ///< a set with itself and s_ij = s_ji: what an element owes to a pair as its reference is given as if it were its anchor
  int64_t room;   ///< how many similarities stay in memory for backward: those of the first tiles
  bool eager;     ///< are the slopes of the rows' plain sum taken in forward, where its tiles are at hand?
  bool mirrored;  ///< is the one tile all of a symmetric S, so that slopes and their mirror image are one product?
  simd::Isa isa;
  similarity::Metric metric{};            ///< an inner product, or a similarity with a curve
  at::ScalarType product = at::kFloat;    ///< what rows and slopes are rounded to before they are multiplied; sums are float32
  at::ScalarType kept_type = at::kFloat;  ///< what similarities are rounded to when they are kept
  Tensor rows{};                          ///< sums of the anchors, [fields, N]
  Tensor columns{};                       ///< sums of the references, [fields, M], where `both`
  Tensor kept{};                          ///< these, tile after tile, or, of whole rows, their slopes; undefined before they are computed
  Finished of_rows{};                     ///< what the objective made of the sums
  Finished of_columns{};                  ///< likewise, where `both`
  Tensor eager_u{}, eager_v{};            ///< these slopes, of the inputs that have some

  /// Tells who the positives are.
  void place(mining::Places positives) {
    asked = plan.symmetric && !positives.mutual ? positives.reversed(plan.m) : mining::Places{};
    places = std::move(positives);
  }

  bool is_exact() const { return product == at::kFloat; }
  /// Is this tile its own mirror image, and all slopes found in those of its rows?
  bool is_own_mirror(const Place& place) const { return mirrored || (plan.symmetric && place.on_diagonal()); }

  bool has_one_tile() const { return plan.tiles() == 1; }
  bool keeps(const Place& place) const { return place.offset + place.floats() <= room; }
  bool keeps_all() const { return room >= plan.tiles() * plan.tile_floats(); }

  bool keeps_floats() const { return kept_type == at::kFloat; }

  /// Is there a tile to be gone through elsewhere than where it stays?
  bool needs_scratch() const { return !keeps_all() || !keeps_floats(); }

  /// Do the columns of this tile have sums of their own? On the diagonal of a symmetric S they are its rows.
  bool folds_columns(const Place& place) const { return both || (plan.symmetric && !place.on_diagonal()); }
};

/// How close a tile's pairs are, similarities or distances below zero, into memory; -infinity in the padding and in skipped columns.
inline void multiply(const Task& task, const Place& place, const Tensor& u, const Tensor& v, const Tensor& memory) {
  const auto out = memory.as_strided({place.rows, place.cols}, {place.stride(), 1});
  const auto anchors = part(u, place.row, place.rows), references = part(v, place.col, place.cols);
  put_product(out, anchors, references, task.product, task.is_own_mirror(place) ? Mirrored::Yes : Mirrored::No, task.isa);
  if (task.metric.settle) task.metric.settle(out, anchors, references);
  if (task.metric.distance) out.neg_();
  auto* s = memory.data_ptr<float>();
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  for (auto* row = s; row < s + place.floats(); row += place.stride()) {
    std::fill_n(row, place.skipped_cols, nothing);
    std::fill(row + place.cols, row + place.stride(), nothing);
  }
}

/// Calls `visit(place, memory)` with the similarities of every tile: where the task keeps them, which are then multiplied out but once, or
/// in `scratch`. What is kept in half the bytes is rounded before it is first seen, and widened whenever it is.
template <class Visit>
void for_each_product(Task& task, const Tensor& u, const Tensor& v, const Tensor& scratch, const Visit& visit) {
  const bool known = task.kept.defined();
  if (!known && task.room > 0) task.kept = at::empty({task.room}, u.options().dtype(task.kept_type));
  task.plan.for_each([&](const Place& place) {
    const bool keeps = task.keeps(place);
    const auto kept = keeps ? task.kept.as_strided({place.floats()}, {1}, place.offset) : Tensor();
    const auto memory = keeps && task.keeps_floats() ? kept : scratch;
    if (!keeps || !known) multiply(task, place, u, v, memory);
    if (keeps && !task.keeps_floats()) memory.copy_(known ? kept : kept.copy_(memory));
    visit(place, memory);
  });
}

/// The same, in the calling thread's workspace where nothing is kept.
template <class Visit>
void for_each_product(Task& task, const Tensor& u, const Tensor& v, const Visit& visit) {
  const auto scratch = task.needs_scratch() ? Workspace::of_this_thread().take(task.plan.tile_floats(), u.options()) : Tensor();
  for_each_product(task, u, v, scratch, visit);
}

/// The part of a tile that is not skipped: [n, m], a view.
inline Tensor unskipped(const Place& place, const Tensor& memory) {
  return memory.as_strided({place.rows - place.skipped_rows, place.cols - place.skipped_cols}, {place.stride(), 1},
                           memory.storage_offset() + place.skipped_rows * place.stride() + place.skipped_cols);
}

inline int64_t strips_of(const Place& place) { return (place.rows - place.skipped_rows + Plan::strip - 1) / Plan::strip; }

/// Some rows [begin, end) of a tile, the k-th part of it, and room for their exceptions.
struct Strip {
  int64_t k, begin, end;
  std::vector<Exception>& exceptions;

  /// These rows of the tile, for a kernel.
  Block block(const Place& place, float* tile) const {
    return {tile + begin * place.stride(), end - begin, place.stride(), place.stride()};
  }
};

/// Takes a strip's exceptions out of the tile.
inline void take_out(const Task& task, const Place& place, const Strip& strip, bool with_columns, float* tile) {
  take_out(task.places, task.asked, place, strip.begin, strip.end, with_columns, tile, strip.exceptions);
}

/// Calls `work(strip)` for the rows of a tile, some at a time, by as many threads as there are.
template <class Work>
void for_each_strip(const Place& place, const Work& work) {
  at::parallel_for(0, strips_of(place), 1, [&](int64_t first, int64_t last) {
    std::vector<Exception> exceptions;
    for (int64_t k = first; k < last; ++k) {
      const auto begin = place.skipped_rows + k * Plan::strip;
      work(Strip{k, begin, std::min(place.rows, begin + Plan::strip), exceptions});
    }
  });
}

}  // namespace idcl::engine::fused
