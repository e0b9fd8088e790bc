#include "losses_catalogue/catalogue.hpp"

#include "idcl/idcl.hpp"

namespace idcl::test {

namespace {

namespace F = idcl::functional;

/// Sets what similarities are divided by, or its inverse, wherever the options have it.
template <class Options>
void set_temperature(Options& options, double temperature) {
  if constexpr (requires { options.temperature(1.0); }) options.temperature(temperature);
  if constexpr (requires { options.anneal(1.0); }) options.anneal(temperature);
  if constexpr (requires { options.scale(1.0); }) options.scale(1 / temperature);
  if constexpr (requires { options.softmax_scale(1.0); }) options.softmax_scale(1 / temperature);
  if constexpr (requires { options.Tn(1.0); }) options.Tn(1 / temperature).Tp(1 / temperature);
  if constexpr (requires { options.la(1.0); }) options.la(1 / temperature).gamma(temperature);
}
void set_temperature(CircleLossOptions& options, double temperature) { options.gamma(1 / temperature); }
void set_temperature(MultiSimilarityLossOptions& options, double temperature) { options.alpha(1 / temperature).beta(1 / temperature); }
void set_temperature(ProxyAnchorLossOptions& options, double temperature) { options.alpha(1 / temperature); }

template <class Options>
Options with(Options options, const Asked& asked) {
  if (asked.temperature) set_temperature(options, *asked.temperature);
  return options.evaluator(asked.evaluation.evaluator).workspace_bytes(asked.evaluation.workspace_bytes);
}

template <class Options, class Function>
auto labels(Function function, Options options = {}) {
  return [=](const Batch& b, const Asked& asked) { return function(b.x, b.labels, with(options, asked)); };
}

template <class Options, class Function>
auto references(Function function, Options options = {}) {
  return [=](const Batch& b, const Asked& asked) { return function(b.x, b.labels, b.y, b.labels, with(options, asked)); };
}

template <class Options>
auto towers(Tensor (*function)(const Tensor&, const Tensor&, const Options&), Options options = {}) {
  return [=](const Batch& b, const Asked& asked) { return function(b.x, b.y, with(options, asked)); };
}

template <class Options>
auto classes(Tensor (*function)(const Tensor&, const Tensor&, const Tensor&, const Options&), int64_t centers = 0) {
  return [=](const Batch& b, const Asked& asked) {
    const auto weight = centers == 0 ? b.weight : b.weight.unsqueeze(1).repeat({1, centers, 1});
    return function(b.x, b.labels, weight, with(Options(), asked));
  };
}

double scale_of(const Asked& asked) { return 1 / asked.temperature.value_or(0.1); }

}  // namespace

const std::vector<CataloguedLoss>& catalogue() {
  static const std::vector<CataloguedLoss> all{
      {"angular", labels<AngularLossOptions>(F::angular_loss), true},
      {"angular, references", references<AngularLossOptions>(F::angular_loss), true},
      {"arc_face", classes<ArcFaceLossOptions>(F::arc_face_loss), true},
      {"circle", labels<CircleLossOptions>(F::circle_loss), false},
      {"clip", [](const Batch& b, const Asked& asked) { return F::clip_loss(b.x, b.y, scale_of(asked), with(ClipLossOptions(), asked)); },
       true},
      {"contrastive", labels<ContrastiveLossOptions>(F::contrastive_loss), false},
      {"contrastive, cosine", labels(F::contrastive_loss, ContrastiveLossOptions().similarity(similarity::Cosine{})), true},
      {"cos_face", classes<CosFaceLossOptions>(F::cos_face_loss), true},
      {"decoupled_contrastive",
       [](const Batch& b, const Asked& asked) {
         return F::decoupled_contrastive_loss(b.x, b.y, with(DecoupledContrastiveLossOptions(), asked));
       },
       true},
      {"fast_ap", labels<FastAPLossOptions>(F::fast_ap_loss), true},
      {"fast_ap, references", references<FastAPLossOptions>(F::fast_ap_loss), true},
      {"generalized_lifted_structure", labels<GeneralizedLiftedStructureLossOptions>(F::generalized_lifted_structure_loss), false},
      {"histogram", labels<HistogramLossOptions>(F::histogram_loss), false},
      {"idcl", [](const Batch& b, const Asked& asked) { return F::idcl_loss(b.y, b.x, with(IDCLLossOptions(), asked)); }, true},
      {"idcl, pair", [](const Batch& b, const Asked& asked) { return F::idcl_pair_loss(b.x, b.y, with(IDCLLossOptions(), asked)); }, true},
      {"info_nce", towers<InfoNCELossOptions>(F::info_nce_loss), true},
      {"info_nce, symmetric", towers<InfoNCELossOptions>(F::info_nce_loss, InfoNCELossOptions().symmetric(true)), true},
      {"info_nce, shared negatives",
       [](const Batch& b, const Asked& asked) {
         return F::info_nce_loss(b.x, b.y, b.weight, with(InfoNCELossOptions().in_batch_negatives(true).symmetric(true), asked));
       },
       true},
      {"intra_pair_variance", labels<IntraPairVarianceLossOptions>(F::intra_pair_variance_loss), false},
      {"large_margin_softmax", classes<LargeMarginSoftmaxLossOptions>(F::large_margin_softmax_loss), true},
      {"lifted_structure", labels<LiftedStructureLossOptions>(F::lifted_structure_loss), false},
      {"lifted_structure, references", references<LiftedStructureLossOptions>(F::lifted_structure_loss), false},
      {"margin", labels<MarginLossOptions>(F::margin_loss), false},
      {"margin, a boundary a class",
       [](const Batch& b, const Asked& asked) {
         return F::margin_loss(b.x, b.labels, at::ones({b.weight.size(0)}).requires_grad_(), with(MarginLossOptions(), asked));
       },
       false},
      {"multi_similarity", labels<MultiSimilarityLossOptions>(F::multi_similarity_loss), true},
      {"n_pairs", labels<NPairsLossOptions>(F::n_pairs_loss), true},
      {"nca", labels<NCALossOptions>(F::nca_loss), false},
      {"normalized_softmax", classes<NormalizedSoftmaxLossOptions>(F::normalized_softmax_loss), true},
      {"nt_xent", labels<NTXentLossOptions>(F::nt_xent_loss), true},
      {"pnp", labels<PNPLossOptions>(F::pnp_loss), false},
      {"proxy_anchor", classes<ProxyAnchorLossOptions>(F::proxy_anchor_loss), true},
      {"proxy_nca", classes<ProxyNCALossOptions>(F::proxy_nca_loss), false},
      {"ranked_list", labels<RankedListLossOptions>(F::ranked_list_loss), false},
      {"sig_lip",
       [](const Batch& b, const Asked& asked) {
         return F::sig_lip_loss(b.x, b.y, scale_of(asked), -10.0, with(SigLipLossOptions(), asked));
       },
       true},
      {"signal_to_noise_ratio_contrastive", labels<SignalToNoiseRatioContrastiveLossOptions>(F::signal_to_noise_ratio_contrastive_loss),
       false},
      {"smooth_ap", labels<SmoothAPLossOptions>(F::smooth_ap_loss), false},
      {"soft_triple", classes<SoftTripleLossOptions>(F::soft_triple_loss, 2), true},
      {"sphere_face", classes<SphereFaceLossOptions>(F::sphere_face_loss), true},
      {"sub_center_arc_face", classes<SubCenterArcFaceLossOptions>(F::sub_center_arc_face_loss, 2), true},
      {"sup_con", labels<SupConLossOptions>(F::sup_con_loss), true},
      {"sup_con, references", references<SupConLossOptions>(F::sup_con_loss), true},
      {"threshold_consistent_margin", labels<ThresholdConsistentMarginLossOptions>(F::threshold_consistent_margin_loss), true},
      {"triplet_margin", labels<TripletMarginLossOptions>(F::triplet_margin_loss), false},
      {"triplet_margin, smooth", labels(F::triplet_margin_loss, TripletMarginLossOptions().smooth_loss(true)), false},
      {"tuplet_margin", labels<TupletMarginLossOptions>(F::tuplet_margin_loss), true},
  };
  return all;
}

}  // namespace idcl::test
