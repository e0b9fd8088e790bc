#pragma once

#include "idcl/mining/pairing.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace idcl::mining {

/// The fold of a miner that needs none.
struct NoFold {
  static constexpr int passes = 0;
  struct Rows {
    auto members() { return std::tuple<>(); }
  };
  Rows begin(int64_t /*n*/, const at::TensorOptions& /*options*/) const { return {}; }
  void update(Rows& /*rows*/, const Tile& /*tile*/, int /*pass*/) const {}
  void merge(Rows& /*rows*/, const Rows& /*other*/) const {}
};

/// Two folds of the same tiles.
template <Fold A, Fold B>
struct JointFold {
  static constexpr int passes = std::max(A::passes, B::passes);
  A a;
  B b;

  struct Rows {
    typename A::Rows a;
    typename B::Rows b;
    auto members() { return std::tuple_cat(a.members(), b.members()); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {a.begin(n, options), b.begin(n, options)}; }
  void update(Rows& rows, const Tile& tile, int pass) const {
    if (pass < A::passes) a.update(rows.a, tile, pass);
    if (pass < B::passes) b.update(rows.b, tile, pass);
  }
  void merge(Rows& rows, const Rows& other) const {
    a.merge(rows.a, other.a);
    b.merge(rows.b, other.b);
  }
};

/// How the positives of two miners become one set, bool masks [n, m].
struct Either {
  static Tensor of(const Tensor& a, const Tensor& b) { return a.logical_or(b); }
};
struct Both {
  static Tensor of(const Tensor& a, const Tensor& b) { return a.logical_and(b); }
};

/// Two miners as one; made by `either` and `both`.
template <class Join, Miner A, Miner B>
struct Combined {
  A a;
  B b;

  template <Pairing P, Pairing Q>
  struct Pairs {
    P p;
    Q q;

    void mark(Tile& tile) const {
      p.mark(tile);
      const auto candidate = tile.candidate, positive = tile.positive;
      q.mark(tile);
      const auto mask = [&](const PairSet& set) { return set.as_mask(tile.rows(), tile.cols(), tile.similarity.device()); };
      tile.positive = PairSet::mask(Join::of(mask(positive), mask(tile.positive)));
      if (candidate.kind() != tile.candidate.kind() || candidate.kind() == PairSet::Kind::Mask)
        tile.candidate = PairSet::mask(mask(candidate).logical_and(mask(tile.candidate)).logical_or_(mask(tile.positive)));
    }

    std::vector<Tensor> read() const {
      auto all = read_of(p);
      for (auto& tensor : read_of(q)) all.push_back(std::move(tensor));
      return all;
    }
  };

  auto pair(const Scene& scene) const
    requires(DirectMiner<A> && DirectMiner<B>)
  {
    return pairs(a.pair(scene), b.pair(scene));
  }

  auto fold(const Scene& scene) const
    requires(FoldingMiner<A> || FoldingMiner<B>)
  {
    return joint(fold_of(a, scene), fold_of(b, scene));
  }

  template <class Rows>
  auto pair(const Scene& scene, const Rows& rows) const
    requires(FoldingMiner<A> || FoldingMiner<B>)
  {
    return pairs(pair_of(a, scene, rows.a), pair_of(b, scene, rows.b));
  }

 private:
  template <Miner M>
  static auto fold_of(const M& miner, const Scene& scene) {
    if constexpr (FoldingMiner<M>) {
      return miner.fold(scene);
    } else {
      return NoFold{};
    }
  }

  template <Miner M, class Rows>
  static auto pair_of(const M& miner, const Scene& scene, const Rows& rows) {
    if constexpr (FoldingMiner<M>) {
      return miner.pair(scene, rows);
    } else {
      return miner.pair(scene);
    }
  }

  template <Fold X, Fold Y>
  static JointFold<X, Y> joint(X x, Y y) {
    return {std::move(x), std::move(y)};
  }
  template <Pairing P, Pairing Q>
  static Pairs<P, Q> pairs(P p, Q q) {
    return {std::move(p), std::move(q)};
  }
};

/// What either of two miners calls a positive: `mining::either(mining::TopK{.k = 8}, mining::DistanceTopK{.distances = d, .k = 8})`.
/// A pair that is none counts where both let it count. Where both have to see the similarities, they see them in one sweep.
template <Miner A, Miner B>
Combined<Either, A, B> either(A a, B b) {
  return {std::move(a), std::move(b)};
}

/// What both of two miners call a positive; what only one of them does is a negative. As `either` else.
template <Miner A, Miner B>
Combined<Both, A, B> both(A a, B b) {
  return {std::move(a), std::move(b)};
}

}  // namespace idcl::mining
