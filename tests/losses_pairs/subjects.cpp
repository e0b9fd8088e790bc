#include "losses_pairs/subjects.hpp"

#include "idcl/losses/circle.hpp"
#include "idcl/losses/contrastive.hpp"
#include "idcl/losses/decoupled_contrastive.hpp"
#include "idcl/losses/generalized_lifted_structure.hpp"
#include "idcl/losses/intra_pair_variance.hpp"
#include "idcl/losses/multi_similarity.hpp"
#include "idcl/losses/n_pairs.hpp"
#include "idcl/losses/nca.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/sig_lip.hpp"
#include "idcl/losses/signal_to_noise_ratio_contrastive.hpp"
#include "idcl/losses/threshold_consistent_margin.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "idcl/losses/tuplet_margin.hpp"

namespace idcl::test {

namespace {

namespace F = idcl::functional;

Tensor sig_lip(const Tensors& in, const SigLipLossOptions& options) {
  return in.contains("logit_scale") ? F::sig_lip_loss(in.at("image"), in.at("text"), in.at("logit_scale"), in.at("logit_bias"), options)
                                    : F::sig_lip_loss(in.at("image"), in.at("text"), 5.0, -2.0, options);
}

Tensor decoupled_contrastive(const Tensors& in, const DecoupledContrastiveLossOptions& options) {
  return F::decoupled_contrastive_loss(in.at("a"), in.at("b"), options);
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {.name = "nt_xent",
       .loss = labels<NTXentLossOptions>(F::nt_xent_loss),
       .mild = {{"temperature", 0.5}},
       .variants = {{{"temperature", 3.0}, {"distance", "dot_raw"}},
                    {{"temperature", 0.5}, {"distance", "lp"}},
                    {{"temperature", 0.5}, {"epsilon", 0.1}}},
       .extremes = {{{"temperature", 0.005}}, {{"temperature", 100.0}}, {{"temperature", 0.005}, {"epsilon", 1e-30}}}},
      {.name = "contrastive",
       .loss = labels<ContrastiveLossOptions>(F::contrastive_loss),
       .streams_twice = false,
       .mild = {{"neg_margin", 1.3}},
       .variants = {{{"pos_margin", 0.2}, {"neg_margin", 1.4}}, {{"distance", "cosine"}, {"pos_margin", 0.9}, {"neg_margin", 0.1}}},
       .extremes = ends("neg_margin", -1, 1000)},
      {.name = "signal_to_noise_ratio_contrastive",
       .loss = labels<SignalToNoiseRatioContrastiveLossOptions>(F::signal_to_noise_ratio_contrastive_loss),
       .streams_twice = false,
       .mild = {{"neg_margin", 2.0}},
       .variants = {{{"pos_margin", 0.3}}},
       .extremes = ends("neg_margin", -1, 1000)},
      {.name = "multi_similarity",
       .loss = labels<MultiSimilarityLossOptions>(F::multi_similarity_loss),
       .mild = {{"beta", 5.0}},
       .variants = {{{"alpha", 1.5}, {"beta", 4.0}, {"base", 0.2}}, {{"distance", "dot_raw"}, {"alpha", 0.7}, {"beta", 0.8}}},
       .extremes = {{{"alpha", 0.01}, {"beta", 0.01}}, {{"alpha", 300.0}, {"beta", 2000.0}}}},
      {.name = "circle",
       .loss = labels<CircleLossOptions>(F::circle_loss),
       .streams_twice = false,
       .has_own_slope = false,
       .mild = {{"gamma", 2.0}},
       .extremes = ends("gamma", 0.01, 3000)},
      {.name = "generalized_lifted_structure",
       .loss = labels<GeneralizedLiftedStructureLossOptions>(F::generalized_lifted_structure_loss),
       .streams_twice = false,
       .mild = {{"neg_margin", 1.5}},
       .variants = {{{"pos_margin", 0.2}}, {{"distance", "cosine"}}},
       .extremes = ends("neg_margin", -100, 100)},
      {.name = "tuplet_margin",
       .loss = labels<TupletMarginLossOptions>(F::tuplet_margin_loss),
       .mild = {{"scale", 3.0}, {"margin", 10.0}},
       .extremes = ends("scale", 0.01, 600)},
      {.name = "nca",
       .loss = labels<NCALossOptions>(F::nca_loss),
       .streams_twice = false,
       .mild = {{"softmax_scale", 2.0}},
       .variants = {{{"distance", "cosine"}, {"softmax_scale", 3.0}}, {{"single_anchor_is_zero", true}}},
       .extremes = ends("softmax_scale", 0.01, 200)},
      {.name = "n_pairs",
       .loss = labels<NPairsLossOptions>(F::n_pairs_loss),
       .in_rows = false,
       .variants = {{{"distance", "dot_raw"}}},
       .extremes = {{{"distance", "dot_raw"}}}},
      {.name = "intra_pair_variance",
       .loss = labels<IntraPairVarianceLossOptions>(F::intra_pair_variance_loss),
       .streams_twice = false,
       .mild = {{"pos_eps", 0.2}, {"neg_eps", 0.1}},
       .variants = {{{"distance", "lp"}, {"pos_eps", 0.1}, {"neg_eps", 0.2}}},
       .extremes = ends("pos_eps", 0, 10)},
      {.name = "threshold_consistent_margin",
       .loss = labels<ThresholdConsistentMarginLossOptions>(F::threshold_consistent_margin_loss),
       .mild = {{"margin_minus", -0.2}},
       .variants = {{{"lambda_plus", 0.5}, {"lambda_minus", 2.0}, {"margin_plus", 0.7}}},
       .extremes = ends("margin_plus", -2, 2)},
      {.name = "triplet_margin",
       .loss = labels<TripletMarginLossOptions>(F::triplet_margin_loss),
       .streams_twice = false,
       .mild = {{"margin", 0.3}},
       .variants = {{{"smooth_loss", true}},
                    {{"swap", true}, {"margin", 0.3}},
                    {{"swap", true}, {"smooth_loss", true}},
                    {{"distance", "cosine"}, {"margin", 0.2}}},
       .extremes = {{{"margin", -5.0}}, {{"margin", 100.0}}, {{"smooth_loss", true}}, {{"swap", true}}, {{"distance", "cosine"}}}},
      {.name = "sig_lip",
       .loss = asked<SigLipLossOptions>(sig_lip),
       .towers = {"image", "text"},
       .variants = {{{"normalize", false}}},
       .extremes = {{{"normalize", false}}}},
      {.name = "decoupled_contrastive",
       .loss = asked<DecoupledContrastiveLossOptions>(decoupled_contrastive),
       .towers = {"a", "b"},
       .mild = {{"temperature", 0.5}, {"sigma", 0.5}},
       .variants = {{{"symmetric", false}, {"temperature", 0.5}}},
       .extremes = {{{"temperature", 0.005}}, {{"temperature", 100.0}}, {{"sigma", 0.05}}, {{"symmetric", false}}}},
  };
  return all;
}

}  // namespace idcl::test
