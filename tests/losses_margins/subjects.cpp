#include "losses_pairs/subjects.hpp"

#include "idcl/losses/angular.hpp"
#include "idcl/losses/lifted_structure.hpp"
#include "idcl/losses/margin.hpp"
#include "idcl/losses/ranked_list.hpp"

namespace idcl::test {

namespace F = idcl::functional;

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {.name = "margin",
       .loss = labels<MarginLossOptions>(F::margin_loss),
       .streams_twice = false,
       .mild = {{"beta", 1.0}, {"margin", 0.3}},
       .variants = {{{"nu", 0.1}}, {{"distance", "cosine"}, {"beta", 0.3}, {"margin", 0.2}}},
       .extremes = {{{"margin", -5.0}}, {{"margin", 100.0}}, {{"beta", -3.0}}, {{"distance", "cosine"}, {"beta", 0.3}}}},
      {.name = "lifted_structure",
       .loss = labels<LiftedStructureLossOptions>(F::lifted_structure_loss),
       .streams_twice = false,
       .mild = {{"neg_margin", 1.5}},
       .variants = {{{"pos_margin", 0.2}}, {{"distance", "cosine"}}, {{"negatives_by_place", true}, {"neg_margin", 1.5}}},
       .extremes = {{{"neg_margin", -100.0}}, {{"neg_margin", 100.0}}, {{"distance", "cosine"}}}},
      {.name = "angular",
       .loss = labels<AngularLossOptions>(F::angular_loss),
       .mild = {{"alpha", 30.0}},
       .variants = {{{"normalize_negatives", true}, {"alpha", 20.0}}},
       .extremes = {{{"alpha", 1.0}}, {{"alpha", 89.0}}, {{"normalize_negatives", true}}}},
      {.name = "ranked_list",
       .loss = labels<RankedListLossOptions>(F::ranked_list_loss),
       .streams_twice = false,
       .mild = {{"Tn", 2.0}, {"Tp", 1.0}},
       .variants = {{{"margin", 0.5}, {"imbalance", 0.3}, {"alpha", 1.1}, {"Tn", 1.0}},
                    {{"distance", "lp_raw"}, {"alpha", 3.0}, {"Tn", 1.0}}},
       .extremes = {{{"Tn", 0.0}}, {{"Tn", 1000.0}, {"Tp", 1000.0}}, {{"margin", 5.0}}, {{"imbalance", 1.0}}}},
  };
  return all;
}

}  // namespace idcl::test
