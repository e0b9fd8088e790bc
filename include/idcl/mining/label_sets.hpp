#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/pairing.hpp"

#include <vector>

namespace idcl::mining {

/// What a positive pair of label sets weighs: their Jaccard index, or 1 as any other.
enum class SetWeight { Jaccard, One };

/// Elements with several labels each: those whose sets are alike are positives, all others negatives.
///
///   J_ij = |A_i and B_j| / |A_i or B_j| ,   positive where J_ij > threshold, of weight J_ij
///
/// Sets are rows of zeros and ones (multi-hot), of any type: `loss(x)` with `sets`, `loss(x, y)` with `reference_sets` too. An empty set
/// is like no other. Cost: 2 C FLOPs a pair and sweep; memory O((N + M) C) and a tile. The weighted form with
/// `objective::SupCon` is multi-label supervised contrastive learning (Zhang et al. 2022, MultiSupCon).
struct LabelSets {
  Tensor sets;              ///< [N, C], 0 or 1
  Tensor reference_sets{};  ///< [M, C]; undefined: the anchors' own
  double threshold = 0;     ///< in [0, 1): 0 asks for one label in common
  SetWeight weight = SetWeight::Jaccard;

  struct Pairs {
    Tensor anchors, references;  ///< [N, C], [M, C] in a floating type
    double threshold;
    bool self, weighted;

    void mark(Tile& tile) const {
      const auto a = anchors.narrow(0, tile.row, tile.rows()), b = references.narrow(0, tile.col, tile.cols());
      const auto shared = at::mm(a, b.t());  // [n, m]
      const auto jaccard = shared / (a.sum(1).unsqueeze(1) + b.sum(1) - shared).clamp_min_(1);
      const auto alike = jaccard > threshold;
      mark_related(tile, self, weighted ? jaccard.masked_fill(alike.logical_not(), 0) : alike);
    }

    std::vector<Tensor> read() const { return {anchors, references}; }
  };

  Pairs pair(const Scene& scene) const {
    TORCH_CHECK_VALUE(threshold >= 0 && threshold < 1, where, ": expected `threshold` within [0, 1), but got ", threshold);
    TORCH_CHECK_VALUE(scene.self == !reference_sets.defined(), where,
                      ": expected `reference_sets` for two sets of rows and none for one, but got ",
                      scene.self ? "some for one" : "none for two");
    const auto a = floating("sets", sets, scene.anchors), b = scene.self ? a : floating("reference_sets", reference_sets, scene.references);
    TORCH_CHECK_VALUE(a.size(1) == b.size(1), where, ": expected `reference_sets` of the ", a.size(1), " labels of `sets`, but got ",
                      b.size(1));
    return {a, b, threshold, scene.self, weight == SetWeight::Jaccard};
  }

 private:
  static constexpr auto where = "idcl::mining::LabelSets";

  static Tensor floating(const char* name, const Tensor& sets, const Tensor& rows) {
    TORCH_CHECK_VALUE(sets.defined() && sets.dim() == 2 && sets.size(0) == rows.size(0), where, ": expected `", name, "` to be [",
                      rows.size(0), ", C], one set a row, but got ", sets.defined() ? c10::str(sets.sizes()) : "an undefined tensor");
    TORCH_CHECK_VALUE(sets.device() == rows.device(), where, ": expected `", name, "` on ", rows.device(), " as the rows are, but got ",
                      sets.device());
    TORCH_CHECK_VALUE(sets.eq(0).logical_or(sets.eq(1)).all().item<bool>(), where, ": expected `", name,
                      "` to be of zeros and ones, but got other numbers");
    return sets.to(rows.scalar_type());
  }
};

static_assert(DirectMiner<LabelSets>);

}  // namespace idcl::mining
