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

/// Calls `visit(j, of_row, of_column)` for the references j in [from, to) of which `positives` has j for anchor i, or `asked` has i for
/// reference j, or both; ascending.
template <class Visit>
void for_either(const mining::Places& positives, const mining::Places& asked, int64_t i, int64_t from, int64_t to, const Visit& visit) {
  auto mine = positives.within(i, from, to), theirs = asked.within(i, from, to);
  while (!mine.empty() || !theirs.empty()) {
    const auto a = mine.empty() ? to : mine.front(), b = theirs.empty() ? to : theirs.front(), j = std::min(a, b);
    if (a == j) mine = mine.subspan(1);
    if (b == j) theirs = theirs.subspan(1);
    if (!positives.skips_self || i != j) visit(j, a == j, b == j);
  }
}

/// The exceptions in rows [begin, end) of a tile whose similarities begin at `s`, left at -infinity there, as are skipped pairs (i, i).
/// `with_columns`: the references are anchors too; where places are not mutual, `asked` has them reversed.
inline void take_out(const mining::Places& places, const mining::Places& asked, const Place& place, int64_t begin, int64_t end,
                     bool with_columns, float* s, std::vector<Exception>& found) {
  found.clear();
  const auto stride = place.stride(), from = place.first_col(), to = place.col + place.cols;
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  for (int64_t i = place.row + begin; i < place.row + end; ++i) {
    auto* row = s + (i - place.row) * stride - place.col;
    const auto add = [&](int64_t j, bool of_row, bool of_column) {
      found.push_back({i - place.row, j - place.col, row[j], of_row, of_column});
      row[j] = nothing;
    };
    if (with_columns && !places.mutual) {
      for_either(places, asked, i, from, to, add);
    } else {
      places.visit(i, from, to, [&](int64_t j) { add(j, true, with_columns); });
    }
  }
  if (places.skips_self) {
    const auto first = std::max(place.row + begin, place.first_col()), last = std::min(place.row + end, place.col + place.cols);
    for (int64_t i = first; i < last; ++i) s[(i - place.row) * stride + i - place.col] = nothing;
  }
}

inline void put_back(const std::vector<Exception>& pairs, int64_t stride, float* s) {
  for (const auto& pair : pairs) s[pair.row * stride + pair.col] = pair.s;
}

}  // namespace idcl::engine::fused
