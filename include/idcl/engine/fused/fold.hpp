#pragma once

#include "idcl/engine/fused/task.hpp"

#include <vector>

namespace idcl::engine::fused {

/// Folds rows [begin, end) of a tile into their sums and, where the columns have some, into those of the strip.
template <bool with_columns>
void fold_strip(const Task& task, const Place& place, int64_t begin, int64_t end, float* tile, const Sums& rows, const Sums& columns) {
  std::vector<Exception> exceptions;
  take_out(task.places, place, begin, end, with_columns, tile, exceptions);
  fold<with_columns>(task.isa, {tile + begin * place.stride(), end - begin, place.stride(), place.stride()}, task.scale,
                     rows.from(place.row + begin), columns);
  for (const auto& pair : exceptions) {
    const auto i = place.row + pair.row;
    pair.positive_of_row ? rows.add_positive(i, pair.s, task.scale) : rows.add_negative(i, pair.s, task.scale);
    if constexpr (with_columns)
      pair.positive_of_column ? columns.add_positive(pair.col, pair.s, task.scale) : columns.add_negative(pair.col, pair.s, task.scale);
  }
  if (task.kept.defined()) put_back(exceptions, place.stride(), tile);
}

/// Finishes the task's sums: every tile is multiplied out once, shown to `observe(place, memory)`, and gone through while it is in the
/// cache. Sums of columns are gathered strip by strip and joined in order, so that the result does not depend on who worked on which.
template <class Observe>
void fold_all(Task& task, const Tensor& u, const Tensor& v, const Observe& observe) {
  const auto n = u.size(0), m = v.size(0), padded = task.plan.padded_width();
  task.rows = empty_sums(n, u.options());
  task.columns = task.both ? empty_sums(m, u.options()) : Tensor();
  const auto rows = Sums::in(task.rows.data_ptr<float>(), n);
  const auto columns = task.both ? Sums::in(task.columns.data_ptr<float>(), m) : rows;
  const auto apart = task.plan.strips() * Sums::fields * padded;
  const auto workspace = Workspace::of_this_thread().take(apart + (task.keeps ? 0 : task.plan.tile_floats()), u.options());
  auto* strips = workspace.data_ptr<float>();
  const auto sums_of = [&](int64_t k) { return Sums::in(strips + k * Sums::fields * padded, padded); };

  for_each_product(task, u, v, workspace.narrow(0, apart, workspace.numel() - apart), [&](const Place& place, const Tensor& memory) {
    observe(place, memory);
    auto* tile = memory.data_ptr<float>();
    if (!task.folds_columns(place)) {
      return for_each_strip(place,
                            [&](int64_t begin, int64_t end, int64_t) { fold_strip<false>(task, place, begin, end, tile, rows, rows); });
    }
    for_each_strip(place, [&](int64_t begin, int64_t end, int64_t k) {
      sums_of(k).clear(padded);
      fold_strip<true>(task, place, begin, end, tile, rows, sums_of(k));
    });
    for (int64_t k = 0; k < strips_of(place); ++k)
      for (int64_t j = place.skipped_cols; j < place.cols; ++j) columns.merge(place.col + j, sums_of(k), j, task.scale);
  });
}
inline void fold_all(Task& task, const Tensor& u, const Tensor& v) {
  fold_all(task, u, v, [](const Place&, const Tensor&) {});
}

}  // namespace idcl::engine::fused
