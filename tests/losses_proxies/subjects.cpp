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

#include <stdexcept>

namespace idcl::test {

namespace {

namespace F = idcl::functional;

/// Sets the field of that name; a macro since a name cannot be a template argument.
#define IDCL_TEST_FIELD(field, Type)                 \
  if constexpr (requires { options.field(Type{}); }) \
    if (name == #field) return options.field(value.get<Type>()), true;

template <class Options>
bool set_field(Options& options, const std::string& name, const Json& value) {
  IDCL_TEST_FIELD(temperature, double)
  IDCL_TEST_FIELD(margin, double)
  IDCL_TEST_FIELD(scale, double)
  IDCL_TEST_FIELD(softmax_scale, double)
  IDCL_TEST_FIELD(alpha, double)
  IDCL_TEST_FIELD(sub_centers, int64_t)
  IDCL_TEST_FIELD(centers_per_class, int64_t)
  IDCL_TEST_FIELD(la, double)
  IDCL_TEST_FIELD(gamma, double)
  IDCL_TEST_FIELD(lambda, double)
  IDCL_TEST_FIELD(eps, double)
  IDCL_TEST_FIELD(invariance_lambda, double)
  IDCL_TEST_FIELD(variance_mu, double)
  IDCL_TEST_FIELD(covariance_v, double)
  return name == "num_classes";  // the weight's shape says it
}

#undef IDCL_TEST_FIELD

template <class Options>
Options options_for(const Request& request, at::ScalarType type) {
  Options options;
  for (const auto& [name, value] : request.options.items())
    if (!set_field(options, name, value))
      throw std::runtime_error("no option field takes the golden option " + name + " = " + value.dump());
  return with(options, request.setting, type).reduction(request.reduction);
}

template <class Options, class Function>
auto classes(Function function) {
  return [function](const Tensors& in, const Request& request) {
    const auto& x = in.at("embeddings");
    return function(x, in.at("labels"), in.at("weight"), options_for<Options>(request, x.scalar_type()));
  };
}

template <class Options, class Function>
auto views(Function function) {
  return [function](const Tensors& in, const Request& request) {
    return function(in.at("a"), in.at("b"), options_for<Options>(request, in.at("a").scalar_type()));
  };
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
       .mild = {{"temperature", 0.5}}},
      {.name = "cos_face",
       .loss = classes<CosFaceLossOptions>(F::cos_face_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale"),
       .mild = {{"scale", 4.0}}},
      {.name = "arc_face",
       .loss = classes<ArcFaceLossOptions>(F::arc_face_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale"),
       .mild = {{"scale", 4.0}}},
      {.name = "sub_center_arc_face",
       .loss = classes<SubCenterArcFaceLossOptions>(F::sub_center_arc_face_loss),
       .golden_weight = Columns,
       .centers = 3,
       .extremes = scaled("scale"),
       .mild = {{"scale", 4.0}}},
      {.name = "proxy_nca",
       .loss = classes<ProxyNCALossOptions>(F::proxy_nca_loss),
       .streams_twice = false,
       .extremes = scaled("softmax_scale")},
      {.name = "proxy_anchor",
       .loss = classes<ProxyAnchorLossOptions>(F::proxy_anchor_loss),
       .has_rows = false,
       .extremes = scaled("alpha"),
       .mild = {{"alpha", 4.0}}},
      {.name = "soft_triple",
       .loss = classes<SoftTripleLossOptions>(F::soft_triple_loss),
       .golden_weight = Columns,
       .centers = 10,
       .extremes = {{{"la", 200.0}, {"gamma", 0.005}}, {{"la", 0.01}, {"gamma", 100.0}}},
       .mild = {{"la", 3.0}, {"gamma", 0.7}}},
      {.name = "sphere_face",
       .loss = classes<SphereFaceLossOptions>(F::sphere_face_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale")},
      {.name = "large_margin_softmax",
       .loss = classes<LargeMarginSoftmaxLossOptions>(F::large_margin_softmax_loss),
       .golden_weight = Columns,
       .extremes = scaled("scale")},
      {.name = "barlow_twins",
       .loss = views<BarlowTwinsLossOptions>(F::barlow_twins_loss),
       .inputs = Views,
       .has_rows = false,
       .extremes = {{{"eps", 1e-12}}}},
      {.name = "vic_reg",
       .loss = views<VICRegLossOptions>(F::vic_reg_loss),
       .inputs = Views,
       .has_rows = false,
       .extremes = {{{"eps", 1e-12}}}},
  };
  return all;
}

}  // namespace idcl::test
