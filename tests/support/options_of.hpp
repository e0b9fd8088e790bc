#pragma once

#include "idcl/losses/detail/options.hpp"
#include "support/label_call.hpp"

#include <torch/enum.h>
#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>
#include <string>

/// Options by their golden names.
namespace idcl::test {

/// Every option field of every loss that changes its value; a macro since a name cannot be a template argument.
#define IDCL_TEST_FIELDS(FIELD)      \
  FIELD(temperature, double)         \
  FIELD(anneal, double)              \
  FIELD(scale, double)               \
  FIELD(softmax_scale, double)       \
  FIELD(margin, double)              \
  FIELD(pos_margin, double)          \
  FIELD(neg_margin, double)          \
  FIELD(margin_plus, double)         \
  FIELD(margin_minus, double)        \
  FIELD(lambda_plus, double)         \
  FIELD(lambda_minus, double)        \
  FIELD(pos_eps, double)             \
  FIELD(neg_eps, double)             \
  FIELD(alpha, double)               \
  FIELD(beta, double)                \
  FIELD(base, double)                \
  FIELD(gamma, double)               \
  FIELD(m, double)                   \
  FIELD(b, double)                   \
  FIELD(la, double)                  \
  FIELD(nu, double)                  \
  FIELD(Tn, double)                  \
  FIELD(Tp, double)                  \
  FIELD(imbalance, double)           \
  FIELD(sigma, double)               \
  FIELD(delta, double)               \
  FIELD(lambda, double)              \
  FIELD(eps, double)                 \
  FIELD(epsilon, double)             \
  FIELD(invariance_lambda, double)   \
  FIELD(variance_mu, double)         \
  FIELD(covariance_v, double)        \
  FIELD(num_neighbors, int64_t)      \
  FIELD(num_bins, int64_t)           \
  FIELD(n_bins, int64_t)             \
  FIELD(sub_centers, int64_t)        \
  FIELD(centers_per_class, int64_t)  \
  FIELD(learn_beta, bool)            \
  FIELD(normalize_negatives, bool)   \
  FIELD(negatives_by_place, bool)    \
  FIELD(single_anchor_is_zero, bool) \
  FIELD(swap, bool)                  \
  FIELD(smooth_loss, bool)           \
  FIELD(symmetric, bool)             \
  FIELD(normalize, bool)             \
  FIELD(form, std::string)           \
  FIELD(denominator, std::string)    \
  FIELD(variant, std::string)

template <class Options>
inline constexpr bool has_similarity = requires(Options& options) { options.similarity(similarity::Any(similarity::Cosine{})); };

/// Sets the option field of a golden option's name; false where the struct has none.
template <class Options>
bool set_option(Options& options, const std::string& name, const nlohmann::json& value) {
#define IDCL_TEST_SET(field, Type)                   \
  if constexpr (requires { options.field(Type{}); }) \
    if (name == #field) return options.field(value.get<Type>()), true;
  IDCL_TEST_FIELDS(IDCL_TEST_SET)
#undef IDCL_TEST_SET
  if constexpr (has_similarity<Options>)
    if (name == "distance") return options.similarity(similarity_named(value)), true;
  if constexpr (requires { options.num_classes(1); })
    if (name == "num_classes") return true;  // the weight's shape says it
  if (name != "reduction" && name != "reducer") return false;
  if (value == "mean") return options.reduction(torch::kMean), true;
  if (value == "sum") return options.reduction(torch::kSum), true;
  if (value == "none") return options.reduction(torch::kNone), true;
  return false;
}

/// The names of the fields that the struct has, its reduction left out.
template <class Options>
std::set<std::string> option_names() {
  std::set<std::string> names;
#define IDCL_TEST_NAME(field, Type) \
  if constexpr (requires(Options options) { options.field(Type{}); }) names.insert(#field);
  IDCL_TEST_FIELDS(IDCL_TEST_NAME)
#undef IDCL_TEST_NAME
  if constexpr (has_similarity<Options>) names.insert("distance");
  return names;
}

#undef IDCL_TEST_FIELDS

/// Every golden option as the field of that name, on top of `options`.
template <class Options>
Options options_of(const nlohmann::json& json, Options options = {}) {
  for (const auto& [name, value] : json.items())
    if (!set_option(options, name, value))
      throw std::runtime_error("no option field takes the golden option " + name + " = " + value.dump());
  return options;
}

}  // namespace idcl::test
