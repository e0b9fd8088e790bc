#include "named_losses.hpp"

#include <idcl/losses/angular.hpp>
#include <idcl/losses/barlow_twins.hpp>
#include <idcl/losses/circle.hpp>
#include <idcl/losses/clip.hpp>
#include <idcl/losses/contrastive.hpp>
#include <idcl/losses/decoupled_contrastive.hpp>
#include <idcl/losses/fast_ap.hpp>
#include <idcl/losses/generalized_lifted_structure.hpp>
#include <idcl/losses/histogram.hpp>
#include <idcl/losses/info_nce.hpp>
#include <idcl/losses/intra_pair_variance.hpp>
#include <idcl/losses/lifted_structure.hpp>
#include <idcl/losses/margin.hpp>
#include <idcl/losses/multi_similarity.hpp>
#include <idcl/losses/n_pairs.hpp>
#include <idcl/losses/nca.hpp>
#include <idcl/losses/nt_xent.hpp>
#include <idcl/losses/pnp.hpp>
#include <idcl/losses/ranked_list.hpp>
#include <idcl/losses/sig_lip.hpp>
#include <idcl/losses/signal_to_noise_ratio_contrastive.hpp>
#include <idcl/losses/smooth_ap.hpp>
#include <idcl/losses/sup_con.hpp>
#include <idcl/losses/threshold_consistent_margin.hpp>
#include <idcl/losses/triplet_margin.hpp>
#include <idcl/losses/tuplet_margin.hpp>
#include <idcl/losses/vic_reg.hpp>

namespace merc {

namespace F = idcl::functional;

Tensor label_term(Contrastive loss, const Tensor& rows, const Tensor& labels, double temperature) {
  switch (loss) {
    case Contrastive::Angular:
      return F::angular_loss(rows, labels);
    case Contrastive::Circle:
      return F::circle_loss(rows, labels);
    case Contrastive::Contrastive:
      return F::contrastive_loss(rows, labels);
    case Contrastive::FastAP:
      return F::fast_ap_loss(rows, labels);
    case Contrastive::GeneralizedLiftedStructure:
      return F::generalized_lifted_structure_loss(rows, labels);
    case Contrastive::Histogram:
      return F::histogram_loss(rows, labels);
    case Contrastive::IntraPairVariance:
      return F::intra_pair_variance_loss(rows, labels);
    case Contrastive::LiftedStructure:
      return F::lifted_structure_loss(rows, labels);
    case Contrastive::Margin:
      return F::margin_loss(rows, labels);
    case Contrastive::MultiSimilarity:
      return F::multi_similarity_loss(rows, labels);
    case Contrastive::NPairs:
      return F::n_pairs_loss(rows, labels);
    case Contrastive::NCA:
      return F::nca_loss(rows, labels);
    case Contrastive::NTXent:
      return F::nt_xent_loss(rows, labels, idcl::NTXentLossOptions().temperature(temperature));
    case Contrastive::PNP:
      return F::pnp_loss(rows, labels);
    case Contrastive::RankedList:
      return F::ranked_list_loss(rows, labels);
    case Contrastive::SignalToNoiseRatioContrastive:
      return F::signal_to_noise_ratio_contrastive_loss(rows, labels);
    case Contrastive::SmoothAP:
      return F::smooth_ap_loss(rows, labels);
    case Contrastive::SupCon:
      return F::sup_con_loss(rows, labels, idcl::SupConLossOptions().temperature(temperature));
    case Contrastive::ThresholdConsistentMargin:
      return F::threshold_consistent_margin_loss(rows, labels);
    case Contrastive::TripletMargin:
      return F::triplet_margin_loss(rows, labels);
    case Contrastive::TupletMargin:
      return F::tuplet_margin_loss(rows, labels);
    default:
      TORCH_CHECK(false, "merc::label_term: expected a loss of labels");
  }
}

Tensor pair_term(Contrastive loss, const Tensor& a, const Tensor& b, double temperature) {
  constexpr double sig_lip_bias = -10;  // where its paper starts: most pairs are negatives
  switch (loss) {
    case Contrastive::BarlowTwins:
      return F::barlow_twins_loss(a, b);
    case Contrastive::Clip:
      return F::clip_loss(a, b, 1 / temperature);
    case Contrastive::DecoupledContrastive:
      return F::decoupled_contrastive_loss(a, b, idcl::DecoupledContrastiveLossOptions().temperature(temperature));
    case Contrastive::InfoNCE:
      return F::info_nce_loss(a, b, idcl::InfoNCELossOptions().temperature(temperature).symmetric(true));
    case Contrastive::SigLip:
      return F::sig_lip_loss(a, b, 1 / temperature, sig_lip_bias);
    case Contrastive::VICReg:
      return F::vic_reg_loss(a, b);
    default:
      TORCH_CHECK(false, "merc::pair_term: expected a loss of two modalities");
  }
}

}  // namespace merc
