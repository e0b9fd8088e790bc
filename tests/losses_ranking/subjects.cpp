#include "losses_ranking/subjects.hpp"

#include "idcl/losses/fast_ap.hpp"
#include "idcl/losses/histogram.hpp"
#include "idcl/losses/pnp.hpp"
#include "idcl/losses/smooth_ap.hpp"
#include "losses_ranking/definitions.hpp"

namespace idcl::test {

namespace {

namespace F = idcl::functional;

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
       .variants = {{{"temperature", 0.3}}, {{"temperature", 0.3}, {"distance", "lp"}}},
       .extremes = {{{"temperature", 0.005}}, {{"temperature", 100.0}}, {{"distance", "lp"}}}},
      {.name = "pnp",
       .loss = labels<PNPLossOptions>(F::pnp_loss),
       .definition = oracle::pnp,
       .resolution = number_of("anneal", 0.01),
       .variants = {{{"anneal", 0.3}},
                    {{"variant", "Ds"}, {"anneal", 0.3}},
                    {{"variant", "Dq"}, {"alpha", 3.0}, {"anneal", 0.3}},
                    {{"variant", "Iu"}, {"anneal", 0.3}},
                    {{"variant", "Ib"}, {"b", 0.7}, {"anneal", 0.3}},
                    {{"distance", "lp"}, {"anneal", 0.3}}},
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
