#pragma once

#include "idcl/mining/pairing.hpp"

#include <c10/util/Exception.h>

namespace idcl::mining {

/// Two towers: anchor i and reference i belong together, every other reference is a negative. No memory.
struct Diagonal {
  struct Pairs {
    void mark(Tile& tile) const {
      tile.candidate = PairSet::all();
      tile.positive = PairSet::diagonal(tile.col - tile.row);
    }

    Places places(int64_t n, int64_t /*m*/) const { return Places::diagonal(n); }
  };

  Pairs pair(const Scene& scene) const {
    TORCH_CHECK(!scene.self && scene.anchors.size(0) == scene.references.size(0),
                "idcl::mining::Diagonal: expected two sets of one size, as in loss(x, y), but got ", scene.self ? "one set" : "sets of ",
                scene.self ? "" : c10::str(scene.anchors.size(0), " and ", scene.references.size(0), " rows"));
    return {};
  }
};

static_assert(DirectMiner<Diagonal>);

}  // namespace idcl::mining
