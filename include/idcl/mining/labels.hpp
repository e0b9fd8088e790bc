#pragma once

#include "idcl/mining/pairing.hpp"

#include <c10/util/Exception.h>

#include <vector>

namespace idcl::mining {

/// Same label, same side: the references with an anchor's label are its positives, all others its negatives. An element is never
/// its own pair. Labels are integers of any width, any value. No memory beyond a tile's mask.
struct Labels {
  struct Pairs {
    Tensor anchors;     ///< [N]
    Tensor references;  ///< [M]
    bool self = true;

    void mark(Tile& tile) const {
      const auto mine = anchors.narrow(0, tile.row, tile.rows()), theirs = references.narrow(0, tile.col, tile.cols());
      // A mask that lies in memory as the tile does: a mirrored tile is a transposed view.
      const auto mirrored = tile.similarity.stride(0) < tile.similarity.stride(1);
      auto same = mirrored ? theirs.unsqueeze(1).eq(mine).t() : mine.unsqueeze(1).eq(theirs);  // [n, m]
      tile.candidate = candidates(tile, self);
      tile.positive = PairSet::mask(tile.candidate.keep_(same, false));
    }

    std::vector<Tensor> read() const { return {anchors, references}; }

    Places places(int64_t /*n*/, int64_t /*m*/) const { return Places::of_labels(anchors, references, self); }
  };

  Pairs pair(const Scene& scene) const {
    TORCH_CHECK(scene.anchor_labels.defined() && scene.reference_labels.defined(),
                "idcl::mining::Labels: expected labels for anchors and references, as in loss(x, labels) or loss(x, labels, y, y_labels), "
                "but got none");
    return {scene.anchor_labels, scene.reference_labels, scene.self};
  }
};

static_assert(DirectMiner<Labels>);

}  // namespace idcl::mining
