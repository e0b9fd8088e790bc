#pragma once

#include "idcl/engine/evaluation.hpp"
#include "idcl/engine/tiles.hpp"

#include <cstdint>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <vector>

namespace idcl::test {

/// The smallest workspace whose tiles have this side.
inline int64_t workspace_for(int64_t side, int64_t itemsize) {
  constexpr auto many = std::numeric_limits<int64_t>::max();
  const auto side_of = [&](int64_t bytes) { return engine::tile_side(many / 8, many / 8, /*self=*/false, itemsize, bytes); };
  auto bytes = side * side * itemsize;
  while (side_of(bytes) < side) bytes += side * side * itemsize;
  if (side_of(bytes) != side) throw std::logic_error("no workspace gives tiles of side " + std::to_string(side));
  return bytes;
}

/// A way to evaluate a loss; all of them must agree.
struct Setting {
  Evaluator evaluator = Evaluator::Dense;
  int64_t side = 0;  ///< of streaming's tiles; 0: what the default workspace gives

  int64_t workspace_bytes(at::ScalarType type) const {
    return side == 0 ? Evaluation{}.workspace_bytes : workspace_for(side, type == at::kDouble ? 8 : 4);
  }
  Evaluation evaluation(at::ScalarType type) const { return {.evaluator = evaluator, .workspace_bytes = workspace_bytes(type)}; }

  friend std::ostream& operator<<(std::ostream& stream, const Setting& setting) {
    if (setting.evaluator != Evaluator::Streaming) return stream << (setting.evaluator == Evaluator::Dense ? "dense" : "auto");
    stream << "streaming, tiles of side ";
    return setting.side == 0 ? stream << "as large as the set" : stream << setting.side;
  }
};

inline Setting dense() { return {}; }
inline Setting streaming(int64_t side = 0) { return {Evaluator::Streaming, side}; }

/// Dense, and streaming with tiles of one pair, of a few, of many and of everything.
inline std::vector<Setting> all_settings() { return {dense(), streaming(1), streaming(3), streaming(64), streaming()}; }

/// Gives an options struct the setting.
template <class Options>
Options with(Options options, const Setting& setting, at::ScalarType type) {
  return options.evaluator(setting.evaluator).workspace_bytes(setting.workspace_bytes(type));
}

}  // namespace idcl::test
