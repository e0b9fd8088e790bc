#pragma once

#include <idcl/idcl.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace bench {

using at::Tensor;
namespace F = idcl::functional;

/// What any loss may need: two views of N unit rows, labels of eight a class, and a proxy a class.
struct Batch {
  Tensor x, y;     // [N, D]
  Tensor labels;   // [N]
  Tensor proxies;  // [C, D]
};

/// A representative of a family of losses.
struct Family {
  std::string_view name;
  std::function<Tensor(const Batch&, idcl::Evaluator)> loss;
  double products;                           ///< of size N x M x D that the dense formula needs, forward and backward
  bool proxies = false;                      ///< M: classes; else N
  int64_t largest_dense = int64_t{1} << 13;  ///< N above which the dense form has no place
};

/// The loss of embeddings and labels, by name.
template <class Options, class Loss>
Family by_labels(std::string_view name, const Loss& loss, const Options& options, int64_t largest_dense = int64_t{1} << 13) {
  const auto call = [=](const Batch& batch, idcl::Evaluator evaluator) {
    return loss(batch.x, batch.labels, Options(options).evaluator(evaluator));
  };
  return {.name = name, .loss = call, .products = 3, .largest_dense = largest_dense};
}

/// The loss of embeddings, labels and a proxy a class, by name.
template <class Options, class Loss>
Family by_classes(std::string_view name, const Loss& loss, const Options& options) {
  const auto call = [=](const Batch& batch, idcl::Evaluator evaluator) {
    return loss(batch.x, batch.labels, batch.proxies, Options(options).evaluator(evaluator));
  };
  return {.name = name, .loss = call, .products = 3, .proxies = true};
}

/// Defaults throughout, which are those of PML and of OpenCLIP.
inline std::vector<Family> families() {
  return {
      by_labels("sup_con", F::sup_con_loss, idcl::SupConLossOptions()),
      {.name = "nt_xent",  // N / 2 samples in two views
       .loss =
           [](const Batch& batch, idcl::Evaluator evaluator) {
             const auto sample = at::arange(batch.x.size(0) / 2).repeat(2);
             return F::nt_xent_loss(batch.x, sample, idcl::NTXentLossOptions().evaluator(evaluator));
           },
       .products = 3},
      {.name = "clip",
       .loss =
           [](const Batch& batch, idcl::Evaluator evaluator) {
             return F::clip_loss(batch.x, batch.y, 14.3, idcl::ClipLossOptions().normalize(false).evaluator(evaluator));
           },
       .products = 6},
      {.name = "sig_lip",
       .loss =
           [](const Batch& batch, idcl::Evaluator evaluator) {
             return F::sig_lip_loss(batch.x, batch.y, 10., -10., idcl::SigLipLossOptions().normalize(false).evaluator(evaluator));
           },
       .products = 3},
      by_labels("contrastive", F::contrastive_loss, idcl::ContrastiveLossOptions()),
      by_labels("multi_similarity", F::multi_similarity_loss, idcl::MultiSimilarityLossOptions()),
      by_labels("circle", F::circle_loss, idcl::CircleLossOptions()),
      by_labels("triplet_margin", F::triplet_margin_loss, idcl::TripletMarginLossOptions(), 256),
      by_labels("fast_ap", F::fast_ap_loss, idcl::FastAPLossOptions(), 1024),
      by_classes("proxy_anchor", F::proxy_anchor_loss, idcl::ProxyAnchorLossOptions()),
      by_classes("arc_face", F::arc_face_loss, idcl::ArcFaceLossOptions()),
  };
}

}  // namespace bench
