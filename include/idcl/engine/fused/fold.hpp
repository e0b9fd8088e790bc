#pragma once

#include "idcl/engine/fused/task.hpp"

namespace idcl::engine::fused {

/// The calling thread's workspace, as sums of each strip's columns and, where similarities are not kept, a tile.
template <class S>
class StripSums {
 public:
  StripSums(const Task& task, const at::TensorOptions& options)
      : width_(task.plan.padded_width()),
        sums_(task.plan.strips() * S::fields * width_),
        memory_(Workspace::of_this_thread().take(sums_ + (task.needs_scratch() ? task.plan.tile_floats() : 0), options)) {}

  /// Of the k-th strip.
  S of(int64_t k) const { return S::in(memory_.template data_ptr<float>() + k * S::fields * width_, width_); }

  /// The same, with nothing in them.
  S cleared(int64_t k) const {
    of(k).clear(width_);
    return of(k);
  }

  Tensor tile() const { return memory_.as_strided({memory_.numel() - sums_}, {1}, memory_.storage_offset() + sums_); }

 private:
  int64_t width_, sums_;
  Tensor memory_;
};

/// Folds a strip of a tile into the sums of its rows and, where the columns have some, into the strip's own.
template <bool with_columns, class Logits>
void fold_strip(const Logits& logits, const Task& task, const Place& place, const Strip& strip, float* tile, const Sums& rows, const Sums& columns) {
  const auto scales = Scales::of(task.scales);
  take_out(task, place, strip, with_columns, tile);
  fold<with_columns>(logits, task.isa, strip.block(place, tile),
                     scales.repulsion, rows.from(place.row + strip.begin), columns);
  const auto add = [&](const Sums& sums, int64_t i, float s, bool is_positive) {
    if (is_positive) {
      logits.bend_positive(s);
      sums.add_positive(i, s, scales);
    } else {
      logits.bend_negative(s);
      sums.add_negative(i, s, scales);
    }
  };
  for (const auto& pair : strip.exceptions) {
    add(rows, place.row + pair.row, pair.s, pair.positive_of_row);
    if constexpr (with_columns) add(columns, pair.col, pair.s, pair.positive_of_column);
  }
  if (task.kept.defined()) put_back(strip.exceptions, place.stride(), tile);
}

/// Finishes the task's sums: every tile is multiplied out once, shown to `observe(place, memory)`, and gone through while it is in the
/// cache. Sums of columns are gathered strip by strip and joined in order, so that the result does not depend on who worked on which.
template <class Logits, class Observe>
void fold_all(const Logits& logits, Task& task, const Tensor& u, const Tensor& v, const Observe& observe) {
  const auto n = u.size(0), m = v.size(0);
  const auto scales = Scales::of(task.scales);
  task.rows = empty_sums(n, u.options());
  task.columns = task.both ? empty_sums(m, u.options()) : Tensor();
  const auto rows = Sums::in(task.rows.data_ptr<float>(), n);
  const auto columns = task.both ? Sums::in(task.columns.data_ptr<float>(), m) : rows;
  const StripSums<Sums> strips(task, u.options());

  for_each_product(task, u, v, strips.tile(), [&](const Place& place, const Tensor& memory) {
    observe(place, memory);
    auto* tile = memory.data_ptr<float>();
    if (!task.folds_columns(place)) {
      return for_each_strip(place, [&](const Strip& strip) { fold_strip<false>(logits, task, place, strip, tile, rows, rows); });
    }
    for_each_strip(place, [&](const Strip& strip) { fold_strip<true>(logits, task, place, strip, tile, rows, strips.cleared(strip.k)); });
    for (int64_t k = 0; k < strips_of(place); ++k)
      for (int64_t j = place.skipped_cols; j < place.cols; ++j) columns.merge(place.col + j, strips.of(k), j, scales);
  });
}
template <class Logits>
void fold_all(const Logits& logits, Task& task, const Tensor& u, const Tensor& v) {
  fold_all(logits, task, u, v, [](const Place&, const Tensor&) {});
}

}  // namespace idcl::engine::fused
