#include "losses_proxies/subjects.hpp"

#include "idcl/losses/arc_face.hpp"
#include "idcl/losses/barlow_twins.hpp"
#include "idcl/losses/cos_face.hpp"
#include "idcl/losses/large_margin_softmax.hpp"
#include "idcl/losses/normalized_softmax.hpp"
#include "idcl/losses/proxy_anchor.hpp"
#include "idcl/losses/proxy_nca.hpp"
#include "idcl/losses/soft_triple.hpp"
#include "idcl/losses/sphere_face.hpp"
#include "idcl/losses/sub_center_arc_face.hpp"
#include "idcl/losses/vic_reg.hpp"

namespace idcl::test {

namespace {

namespace F = idcl::functional;

template <class Options, class Function>
AskedLoss classes(const Function& function) {
  return asked<Options>([function](const Tensors& in, const Options& options) {
    return function(in.at("embeddings"), in.at("labels"), in.at("weight"), options);
  });
}

template <class Options, class Function>
AskedLoss views(const Function& function) {
  return asked<Options>([function](const Tensors& in, const Options& options) { return function(in.at("a"), in.at("b"), options); });
}

}  // namespace

const std::vector<Subject>& subjects() {
  constexpr auto Columns = Subject::Weight::Columns;
  constexpr auto Views = Subject::Inputs::Views;
  const auto scaled = [](const char* name) { return std::vector<Json>{{{name, 0.01}}, {{name, 200.0}}}; };
  static const std::vector<Subject> all{
      {.name = "normalized_softmax",
       .loss = classes<NormalizedSoftmaxLossOptions>(F::normalized_softmax_loss),
       .golden_weight = Columns,
       .extremes = {{{"temperature", 0.005}}, {{"temperature", 100.0}}},
       .mild = {{"temperature", 0.5}},
       .variants = {{{"temperature", 0.7}, {"distance", "lp"}}}},
      {.name = "cos_face",
       .loss = classes<CosFaceLossOptions>(F::cos_face_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale"),
       .mild = {{"scale", 4.0}},
       .variants = {{{"margin", 0.2}, {"scale", 3.0}}}},
      {.name = "arc_face",
       .loss = classes<ArcFaceLossOptions>(F::arc_face_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale"),
       .mild = {{"scale", 4.0}},
       .variants = {{{"margin", 40.0}, {"scale", 3.0}}}},
      {.name = "sub_center_arc_face",
       .loss = classes<SubCenterArcFaceLossOptions>(F::sub_center_arc_face_loss),
       .golden_weight = Columns,
       .centers = 3,
       .extremes = scaled("scale"),
       .mild = {{"scale", 4.0}},
       .variants = {{{"margin", 40.0}, {"scale", 3.0}}}},
      {.name = "proxy_nca",
       .loss = classes<ProxyNCALossOptions>(F::proxy_nca_loss),
       .streams_twice = false,
       .extremes = scaled("softmax_scale"),
       .variants = {{{"softmax_scale", 2.0}}, {{"softmax_scale", 3.0}, {"distance", "cosine"}}}},
      {.name = "proxy_anchor",
       .loss = classes<ProxyAnchorLossOptions>(F::proxy_anchor_loss),
       .has_rows = false,
       .extremes = scaled("alpha"),
       .mild = {{"alpha", 4.0}},
       .variants = {{{"margin", 0.3}, {"alpha", 3.0}}, {{"distance", "lp"}, {"alpha", 2.0}}}},
      {.name = "soft_triple",
       .loss = classes<SoftTripleLossOptions>(F::soft_triple_loss),
       .golden_weight = Columns,
       .centers = 10,
       .extremes = {{{"la", 200.0}, {"gamma", 0.005}}, {{"la", 0.01}, {"gamma", 100.0}}},
       .mild = {{"la", 3.0}, {"gamma", 0.7}},
       .variants = {{{"margin", 0.2}, {"la", 2.0}, {"gamma", 0.5}}, {{"distance", "dot_raw"}, {"la", 1.0}, {"gamma", 2.0}}}},
      {.name = "sphere_face",
       .loss = classes<SphereFaceLossOptions>(F::sphere_face_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale"),
       .variants = {{{"margin", 2}, {"scale", 1.5}}}},
      {.name = "large_margin_softmax",
       .loss = classes<LargeMarginSoftmaxLossOptions>(F::large_margin_softmax_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale"),
       .variants = {{{"margin", 2}, {"scale", 1.5}}}},
      {.name = "barlow_twins",
       .loss = views<BarlowTwinsLossOptions>(F::barlow_twins_loss),
       .inputs = Views,
       .has_rows = false,
       .extremes = {{{"eps", 1e-12}}},
       .variants = {{{"lambda", 0.1}, {"eps", 0.01}}}},
      {.name = "vic_reg",
       .loss = views<VICRegLossOptions>(F::vic_reg_loss),
       .inputs = Views,
       .has_rows = false,
       .extremes = {{{"eps", 1e-12}}},
       .variants = {{{"invariance_lambda", 3.0}, {"variance_mu", 2.0}, {"covariance_v", 5.0}, {"eps", 0.01}}}},
  };
  return all;
}

}  // namespace idcl::test
