#pragma once

#include "idcl/core/part.hpp"
#include "idcl/core/tile.hpp"

#include <concepts>
#include <cstddef>
#include <tuple>
#include <utility>

namespace idcl {

/// Something that is known of each row of the similarity matrix once all its tiles were seen, gathered tile by tile.
///
/// `begin` makes the state of n empty rows; `update` folds a tile in; `merge` joins two states of the same rows and is
/// associative, so that chunks, threads, devices and ranks may each fold their share. A fold with `passes` = 2 sees every tile
/// twice: the second `update` may use what the first has finished. `members()` is `std::tie` of the state's tensors, rows first
/// ([n] or [n, b]), and lets the engine slice, store, send and save a state without knowing it.
template <class F>
concept Fold = std::copyable<F> && requires(const F& fold, typename F::Rows rows, const Tile& tile) {
  { F::passes } -> std::convertible_to<int>;
  { fold.begin(int64_t{}, at::TensorOptions{}) } -> std::same_as<typename F::Rows>;
  { fold.update(rows, tile, /*pass=*/0) } -> std::same_as<void>;
  { fold.merge(rows, std::as_const(rows)) } -> std::same_as<void>;
  rows.members();
};

/// Rows [begin, begin + n) of a state, as views.
template <class Rows>
Rows slice(Rows rows, int64_t begin, int64_t n) {
  std::apply([&](auto&... member) { ((member = part(member, begin, n)), ...); }, rows.members());
  return rows;
}

/// Copies a state into (views of) another; members that already are the other's cost nothing.
template <class Rows>
void store(Rows from, Rows into) {
  const auto copy = [](const Tensor& source, Tensor& target) {
    if (!source.is_same(target)) target.copy_(source);
  };
  [&]<std::size_t... I>(std::index_sequence<I...>, auto source, auto target) { (copy(std::get<I>(source), std::get<I>(target)), ...); }(
      std::make_index_sequence<std::tuple_size_v<decltype(from.members())>>{}, from.members(), into.members());
}

/// Folds a tile into the rows of a whole state that it belongs to.
template <Fold F>
void fold_tile(const F& fold, const typename F::Rows& rows, const Tile& tile, int pass) {
  const auto before = slice(rows, tile.row, tile.rows());
  auto folded = before;
  fold.update(folded, tile, pass);
  store(folded, before);
}

}  // namespace idcl
