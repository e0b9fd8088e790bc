#pragma once

#include "idcl/engine/fused/plan.hpp"
#include "idcl/mining/places.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace idcl::engine::fused {

/// A pair that is not a negative of both its sides: taken out of its tile before the pass and dealt with by itself, so that no sum has
/// to be corrected afterwards.
struct Exception {
  int64_t row, col;  ///< in the tile
  float s;
  bool positive_of_row, positive_of_column;
};

/// The exceptions in rows [begin, end) of a tile whose similarities begin at `s`, left at -infinity there, as are skipped pairs (i, i).
/// `with_columns`: the references are anchors too, with the same places where they are not mutual.
inline void take_out(const mining::Places& places, const Place& place, int64_t begin, int64_t end, bool with_columns, float* s,
                     std::vector<Exception>& found) {
  found.clear();
  const auto stride = place.stride();
  const auto add = [&](int64_t i, int64_t j, bool of_row, bool of_column) {
    found.push_back({i - place.row, j - place.col, s[(i - place.row) * stride + j - place.col], of_row, of_column});
  };
  for (int64_t i = place.row + begin; i < place.row + end; ++i)
    places.visit(i, place.first_col(), place.col + place.cols,
                 [&](int64_t j) { add(i, j, true, with_columns && (places.mutual || places.contains(j, i))); });
  if (with_columns && !places.mutual) {
    for (int64_t j = place.first_col(); j < place.col + place.cols; ++j)
      places.visit(j, place.row + begin, place.row + end, [&](int64_t i) {
        if (!places.contains(i, j)) add(i, j, false, true);
      });
  }
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  for (const auto& pair : found) s[pair.row * stride + pair.col] = nothing;
  if (places.skips_self) {
    const auto first = std::max(place.row + begin, place.first_col()), last = std::min(place.row + end, place.col + place.cols);
    for (int64_t i = first; i < last; ++i) s[(i - place.row) * stride + i - place.col] = nothing;
  }
}

inline void put_back(const std::vector<Exception>& pairs, int64_t stride, float* s) {
  for (const auto& pair : pairs) s[pair.row * stride + pair.col] = pair.s;
}

}  // namespace idcl::engine::fused
