#pragma once

#include "idcl/core/fold.hpp"
#include "idcl/mining/places.hpp"

#include <c10/util/Exception.h>

#include <concepts>
#include <functional>
#include <utility>
#include <vector>

namespace idcl {

/// Who is whose positive, tile by tile: from a tile's place (`row`, `col` and its size), `mark` fills `candidate` and `positive`. A pairing
/// that reads tensors of the caller's names them by a member `read()`: backward says so where they have been written to.
template <class P>
concept Pairing = std::copyable<P> && requires(const P& pairing, Tile& tile) {
  { pairing.mark(tile) } -> std::same_as<void>;
};

/// A pairing whose positives are few and listed, int64 [N, K]. `mark_candidates` leaves `positive` empty, and the listed pairs are
/// evaluated on their own: a row costs K inner products instead of a mask over all references.
template <class P>
concept ListedPairing = Pairing<P> && requires(const P& pairing, Tile& tile) {
  { pairing.positives() } -> std::convertible_to<Tensor>;
  { pairing.mark_candidates(tile) } -> std::same_as<void>;
};

/// A pairing that can say where the positives are without a tile to mark, for N anchors against M references: what the fused evaluator
/// asks for. Pairs without weights, every reference a candidate but perhaps the anchor itself.
template <class P>
concept PlacedPairing = Pairing<P> && requires(const P& pairing, int64_t n, int64_t m) {
  { pairing.places(n, m) } -> std::same_as<mining::Places>;
};

namespace mining {

/// A pairing of whichever kind, so that the engine is compiled once an objective.
struct AnyPairing {
  std::function<void(Tile&)> mark;
  std::function<void(Tile&)> mark_candidates{};          ///< empty unless the positives are listed
  Tensor listed{};                                       ///< int64 [N, K], undefined unless the positives are listed
  bool weighted = false;                                 ///< do positives have weights?
  std::function<Places(int64_t n, int64_t m)> places{};  ///< empty unless the pairing can say
  std::vector<std::pair<Tensor, int64_t>> read{};        ///< the caller's own tensors that `mark` reads, and their versions

  /// Tiles are marked again in backward: throws where they would be marked otherwise.
  void check_unwritten() const {
    for (const auto& [tensor, version] : read)
      TORCH_CHECK(tensor._version() == version,
                  "idcl: expected labels and pairs to be in backward what they were in forward, but a tensor of ", tensor.sizes(), " ",
                  tensor.scalar_type(), " has been modified by an inplace operation; give the loss a copy");
  }
};

/// The caller's own tensors that a pairing reads, as it says by a member `read()`.
template <Pairing P>
std::vector<Tensor> read_of(const P& pairing) {
  if constexpr (requires { pairing.read(); }) {
    return pairing.read();
  } else {
    return {};
  }
}

/// Do a pairing's positives have weights? It says so by a member `weighted`.
template <Pairing P>
bool is_weighted(const P& pairing) {
  if constexpr (requires {
                  { pairing.weighted } -> std::convertible_to<bool>;
                }) {
    return pairing.weighted;
  } else {
    return false;
  }
}

template <Pairing P>
AnyPairing any_pairing(const P& pairing) {
  AnyPairing any{.mark = [pairing](Tile& tile) { pairing.mark(tile); }, .weighted = is_weighted(pairing)};
  if constexpr (ListedPairing<P>) {
    any.mark_candidates = [pairing](Tile& tile) { pairing.mark_candidates(tile); };
    any.listed = pairing.positives();
  }
  for (const auto& tensor : read_of(pairing))
    if (tensor.defined() && !tensor.is_inference()) any.read.emplace_back(tensor, tensor._version());
  if constexpr (PlacedPairing<P>) any.places = [pairing](int64_t n, int64_t m) { return pairing.places(n, m); };
  return any;
}
inline AnyPairing any_pairing(const AnyPairing& pairing) { return pairing; }

}  // namespace mining

/// What a miner may look at. Embedded rows are detached: mining has no gradient.
struct Scene {
  Tensor anchors;             ///< embedded anchors, [N, E]
  Tensor references;          ///< embedded references, [M, E]; the anchors themselves where `self`
  bool self = true;           ///< a set compared with itself: its diagonal is ignored
  Tensor anchor_labels{};     ///< [N], undefined without labels
  Tensor reference_labels{};  ///< [M]
  Tensor place{};             ///< embedded rows to mine in instead of the anchors, [N, E']; undefined: mine where the loss is
};

/// A miner that knows the pairs at once, from labels or positions.
template <class M>
concept DirectMiner = std::copyable<M> && requires(const M& miner, const Scene& scene) {
  { miner.pair(scene) } -> Pairing;
};

/// A miner that has to see the similarities first: it folds their tiles, and makes the pairing from the finished rows.
template <class M>
concept FoldingMiner = std::copyable<M> && requires(const M& miner, const Scene& scene) {
  { miner.fold(scene) } -> Fold;
  { miner.pair(scene, miner.fold(scene).begin(int64_t{}, at::TensorOptions{})) } -> Pairing;
};

/// Who is positive, who is negative.
template <class M>
concept Miner = DirectMiner<M> || FoldingMiner<M>;

namespace mining {

/// Says where positives are mined when that is not where the loss is: `loss(text, mining::in(audio))`.
struct Place {
  Tensor rows;  ///< [N, D']
};
inline Place in(const Tensor& rows) { return {rows}; }

/// The pairs that count at all: every one, but for those of an element with itself in a self-comparison.
inline PairSet candidates(const Tile& tile, bool self) { return self ? PairSet::off_diagonal(tile.col - tile.row) : PairSet::all(); }

/// Marks a tile by what its pairs are to each other, [n, m]: bool, or weights, above zero for a positive. All other pairs are negatives.
inline void mark_related(Tile& tile, bool self, const Tensor& related) {
  tile.candidate = candidates(tile, self);
  tile.positive = related.scalar_type() == at::kBool ? PairSet::mask(tile.candidate.keep(related, 0))
                                                     : PairSet::weighted(tile.candidate.keep(related.to(tile.similarity.scalar_type()), 0));
}

/// More references beside the set itself: `loss(embeddings, labels, mining::beside(rows, labels))` compares the embeddings with
/// themselves and with these. An element is not its own pair.
struct Beside {
  Tensor rows;    ///< [M, D]
  Tensor labels;  ///< [M]
};
inline Beside beside(const Tensor& rows, const Tensor& labels) { return {rows, labels}; }

}  // namespace mining
}  // namespace idcl
