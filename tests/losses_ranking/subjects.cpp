#include "losses_ranking/subjects.hpp"

#include "idcl/losses/fast_ap.hpp"
#include "idcl/losses/histogram.hpp"
#include "idcl/losses/pnp.hpp"
#include "idcl/losses/smooth_ap.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "losses_ranking/definitions.hpp"

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
  IDCL_TEST_FIELD(num_bins, int64_t)
  IDCL_TEST_FIELD(n_bins, int64_t)
  IDCL_TEST_FIELD(delta, double)
  IDCL_TEST_FIELD(temperature, double)
  IDCL_TEST_FIELD(variant, std::string)
  IDCL_TEST_FIELD(b, double)
  IDCL_TEST_FIELD(alpha, double)
  IDCL_TEST_FIELD(anneal, double)
  if constexpr (requires { options.similarity(similarity::Euclidean{}); })
    if (name == "distance" && value == "lp") return options.similarity(similarity::Euclidean{}), true;
  return false;
}

#undef IDCL_TEST_FIELD

/// The call that the inputs ask for.
template <class Options, class Function>
auto labels(Function function) {
  return [function](const Tensors& in, const Request& request) {
    const auto &x = in.at("embeddings"), &y = in.at("labels");
    Options options;
    for (const auto& [name, value] : request.options.items())
      if (!set_field(options, name, value))
        throw std::runtime_error("no option field takes the golden option " + name + " = " + value.dump());
    if (request.reduction) options.reduction(*request.reduction);
    options = with(options, request.setting, x.scalar_type());
    const auto column = [&](const char* name, int64_t i) { return in.at(name).select(1, i); };
    const auto call = [&](const auto&... others) {
      if (in.contains("triplets"))
        return function(x, y, others..., mining::Triplets(column("triplets", 0), column("triplets", 1), column("triplets", 2)), options);
      if (in.contains("pos_pairs"))
        return function(x, y, others...,
                        mining::Pairs(column("pos_pairs", 0), column("pos_pairs", 1), column("neg_pairs", 0), column("neg_pairs", 1)),
                        options);
      return function(x, y, others..., options);
    };
    return in.contains("ref_embeddings") ? call(in.at("ref_embeddings"), in.at("ref_labels")) : call();
  };
}

auto number_of(const char* name, double otherwise) {
  return [=](const Json& options) { return options.value(name, otherwise); };
}

auto width_of(const char* name, double otherwise) {
  return [=](const Json& options) { return 2 / options.value(name, otherwise); };
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {.name = "fast_ap",
       .loss = labels<FastAPLossOptions>(F::fast_ap_loss),
       .definition = oracle::fast_ap,
       .resolution = width_of("num_bins", 10),
       .streams_twice = true,
       .pairs_weight = true,
       .variants = {{{"num_bins", 4}}},
       .extremes = {{{"num_bins", 1}}, {{"num_bins", 1000}}}},
      {.name = "histogram",
       .loss = labels<HistogramLossOptions>(F::histogram_loss),
       .definition = oracle::histogram,
       .resolution = width_of("n_bins", 100),
       .in_rows = false,
       .variants = {{{"n_bins", 7}}, {{"delta", 0.3}}},
       .extremes = {{{"n_bins", 1}}, {{"n_bins", 3000}}, {{"delta", 2.0}}}},
      {.name = "smooth_ap",
       .loss = labels<SmoothAPLossOptions>(F::smooth_ap_loss),
       .definition = oracle::smooth_ap,
       .resolution = number_of("temperature", 0.01),
       .variants = {{{"temperature", 0.3}}},
       .extremes = {{{"temperature", 0.005}}, {{"temperature", 100.0}}, {{"distance", "lp"}}}},
      {.name = "pnp",
       .loss = labels<PNPLossOptions>(F::pnp_loss),
       .definition = oracle::pnp,
       .resolution = number_of("anneal", 0.01),
       .variants = {{{"anneal", 0.3}},
                    {{"variant", "Ds"}, {"anneal", 0.3}},
                    {{"variant", "Dq"}, {"alpha", 3.0}, {"anneal", 0.3}},
                    {{"variant", "Iu"}, {"anneal", 0.3}},
                    {{"variant", "Ib"}, {"b", 0.7}, {"anneal", 0.3}}},
       .extremes = {{{"anneal", 0.005}},
                    {{"anneal", 100.0}},
                    {{"variant", "Dq"}, {"alpha", 300.0}},
                    {{"variant", "Iu"}},
                    {{"variant", "Ib"}, {"b", 0.001}},
                    {{"distance", "lp"}}}},
  };
  return all;
}

}  // namespace idcl::test
