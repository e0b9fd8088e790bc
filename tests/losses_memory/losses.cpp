#include "losses_memory/losses.hpp"

#include "idcl/idcl.hpp"

namespace idcl::test {

namespace {

namespace F = idcl::functional;

template <class Options>
Options with(Options options, const Evaluation& evaluation) {
  return options.evaluator(evaluation.evaluator).workspace_bytes(evaluation.workspace_bytes);
}

template <class Options, class Function>
auto labels(Function function, Options options = {}) {
  return [=](const Batch& b, Evaluation evaluation) { return function(b.x, b.labels, with(options, evaluation)); };
}

template <class Options, class Function>
auto references(Function function, Options options = {}) {
  return [=](const Batch& b, Evaluation evaluation) { return function(b.x, b.labels, b.y, b.labels, with(options, evaluation)); };
}

template <class Options>
auto towers(Tensor (*function)(const Tensor&, const Tensor&, const Options&), Options options = {}) {
  return [=](const Batch& b, Evaluation evaluation) { return function(b.x, b.y, with(options, evaluation)); };
}

template <class Options>
auto classes(Tensor (*function)(const Tensor&, const Tensor&, const Tensor&, const Options&), int64_t centers = 0) {
  return [=](const Batch& b, Evaluation evaluation) {
    const auto weight = centers == 0 ? b.weight : b.weight.unsqueeze(1).repeat({1, centers, 1});
    return function(b.x, b.labels, weight, with(Options(), evaluation));
  };
}

}  // namespace

const std::vector<StreamingLoss>& streaming_losses() {
  static const std::vector<StreamingLoss> all{
      {"angular", labels<AngularLossOptions>(F::angular_loss), true},
      {"angular, references", references<AngularLossOptions>(F::angular_loss), true},
      {"arc_face", classes<ArcFaceLossOptions>(F::arc_face_loss), true},
      {"circle", labels<CircleLossOptions>(F::circle_loss), false},
      {"clip", [](const Batch& b, Evaluation e) { return F::clip_loss(b.x, b.y, 10.0, with(ClipLossOptions(), e)); }, true},
      {"contrastive", labels<ContrastiveLossOptions>(F::contrastive_loss), false},
      {"contrastive, cosine", labels(F::contrastive_loss, ContrastiveLossOptions().similarity(similarity::Cosine{})), true},
      {"cos_face", classes<CosFaceLossOptions>(F::cos_face_loss), true},
      {"decoupled_contrastive",
       [](const Batch& b, Evaluation e) { return F::decoupled_contrastive_loss(b.x, b.y, with(DecoupledContrastiveLossOptions(), e)); },
       true},
      {"generalized_lifted_structure", labels<GeneralizedLiftedStructureLossOptions>(F::generalized_lifted_structure_loss), false},
      {"idcl", [](const Batch& b, Evaluation e) { return F::idcl_loss(b.y, b.x, with(IDCLLossOptions(), e)); }, true},
      {"idcl, pair", [](const Batch& b, Evaluation e) { return F::idcl_pair_loss(b.x, b.y, with(IDCLLossOptions(), e)); }, true},
      {"info_nce", towers<InfoNCELossOptions>(F::info_nce_loss), true},
      {"info_nce, symmetric", towers<InfoNCELossOptions>(F::info_nce_loss, InfoNCELossOptions().symmetric(true)), true},
      {"info_nce, shared negatives",
       [](const Batch& b, Evaluation e) {
         return F::info_nce_loss(b.x, b.y, b.weight, with(InfoNCELossOptions().in_batch_negatives(true).symmetric(true), e));
       },
       true},
      {"intra_pair_variance", labels<IntraPairVarianceLossOptions>(F::intra_pair_variance_loss), false},
      {"large_margin_softmax", classes<LargeMarginSoftmaxLossOptions>(F::large_margin_softmax_loss), true},
      {"lifted_structure", labels<LiftedStructureLossOptions>(F::lifted_structure_loss), false},
      {"lifted_structure, references", references<LiftedStructureLossOptions>(F::lifted_structure_loss), false},
      {"margin", labels<MarginLossOptions>(F::margin_loss), false},
      {"margin, a boundary a class",
       [](const Batch& b, Evaluation e) {
         return F::margin_loss(b.x, b.labels, at::ones({b.weight.size(0)}).requires_grad_(), with(MarginLossOptions(), e));
       },
       false},
      {"multi_similarity", labels<MultiSimilarityLossOptions>(F::multi_similarity_loss), true},
      {"n_pairs", labels<NPairsLossOptions>(F::n_pairs_loss), true},
      {"nca", labels<NCALossOptions>(F::nca_loss), false},
      {"normalized_softmax", classes<NormalizedSoftmaxLossOptions>(F::normalized_softmax_loss), true},
      {"nt_xent", labels<NTXentLossOptions>(F::nt_xent_loss), true},
      {"proxy_anchor", classes<ProxyAnchorLossOptions>(F::proxy_anchor_loss), true},
      {"proxy_nca", classes<ProxyNCALossOptions>(F::proxy_nca_loss), false},
      {"ranked_list", labels<RankedListLossOptions>(F::ranked_list_loss), false},
      {"sig_lip", [](const Batch& b, Evaluation e) { return F::sig_lip_loss(b.x, b.y, 10.0, -10.0, with(SigLipLossOptions(), e)); }, true},
      {"signal_to_noise_ratio_contrastive", labels<SignalToNoiseRatioContrastiveLossOptions>(F::signal_to_noise_ratio_contrastive_loss),
       false},
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
