#pragma once

#include "idcl/core/pair_set.hpp"

#include <optional>

namespace idcl {

/// A block of the similarity matrix, as an objective sees it: anchors [row, row + n) against references [col, col + m).
struct Tile {
  Tensor similarity;                        ///< s_ij, [n, m], at least float32
  PairSet candidate = PairSet::all();       ///< the pairs that count at all: no element with itself, no ignored pair
  PairSet positive = PairSet::none();       ///< those of them that belong together; every other candidate is a negative
  int64_t row = 0;                          ///< the tile's first anchor, in the whole set
  int64_t col = 0;                          ///< its first reference
  std::optional<PairSet> given_negative{};  ///< the negatives, where they are given rather than all the other candidates
  Tensor anchor_offset{};                   ///< a number for each anchor, [n], for an objective that reads one beside the similarities
  Tensor reference_offset{};                ///< and one for each reference, [m]; undefined otherwise

  int64_t rows() const { return similarity.size(0); }
  int64_t cols() const { return similarity.size(1); }

  /// The candidates that are no positives, or the given negatives.
  PairSet negative() const { return given_negative ? *given_negative : candidate.without(positive, rows(), cols(), similarity.device()); }

  /// The same pairs with anchors and references exchanged.
  Tile transposed() const {
    return {similarity.t(),
            candidate.transposed(),
            positive.transposed(),
            col,
            row,
            given_negative ? std::optional{given_negative->transposed()} : std::nullopt,
            reference_offset,
            anchor_offset};
  }
};

}  // namespace idcl
