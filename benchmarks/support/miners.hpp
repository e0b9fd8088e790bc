#pragma once

#include <idcl/mining/angular.hpp>
#include <idcl/mining/batch_easy_hard.hpp>
#include <idcl/mining/batch_hard.hpp>
#include <idcl/mining/hdc.hpp>
#include <idcl/mining/multi_similarity.hpp>
#include <idcl/mining/pair_margin.hpp>
#include <idcl/mining/triplet_margin.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace bench {

/// A miner that returns a list.
struct Miner {
  std::string_view name;
  std::function<int64_t(const at::Tensor& x, const at::Tensor& labels)> found;  ///< pairs or triplets in the list
  int64_t largest = int64_t{1} << 13;                                           ///< N above which the list itself has no place
};

inline int64_t size_of(const idcl::mining::Pairs& pairs) { return pairs.anchor_pos.numel() + pairs.anchor_neg.numel(); }
inline int64_t size_of(const idcl::mining::Triplets& triplets) { return triplets.anchor.numel(); }

/// By their defaults, which are PML's, but where these would find next to nothing among random rows, or everything.
inline std::vector<Miner> miners() {
  namespace mining = idcl::mining;
  const auto listed = [](const auto& mine, const auto& options) {
    return [=](const at::Tensor& x, const at::Tensor& labels) { return size_of(mine(x, labels, options)); };
  };
  return {
      {"batch_hard", listed(mining::batch_hard, mining::BatchHardOptions{})},
      {"batch_easy_hard", listed(mining::batch_easy_hard, mining::BatchEasyHardOptions{})},
      {"multi_similarity", listed(mining::multi_similarity, mining::MultiSimilarityOptions{})},
      {"pair_margin", listed(mining::pair_margin, mining::PairMarginOptions{.pos_margin = 1.4, .neg_margin = 1.35})},
      {"hdc", listed(mining::hdc, mining::HDCOptions{.filter_percentage = 0.01})},
      {"semi_hard",
       listed(mining::triplet_margin, mining::TripletMarginOptions{.margin = 0.02, .type_of_triplets = mining::TripletKind::SemiHard})},
      {"all_triplets", listed(mining::triplet_margin, mining::TripletMarginOptions{}), 1024},
      {"angular", listed(mining::angular, mining::AngularOptions{}), 1024},
  };
}

}  // namespace bench
