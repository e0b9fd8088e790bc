#pragma once

#include "losses_pairs/subjects.hpp"
#include "support/label_call.hpp"

#include <stdexcept>

/// How subjects turn a request into a call.
namespace idcl::test {

/// Sets the field of that name; a macro since a name cannot be a template argument.
#define IDCL_TEST_FIELD(field, Type)                 \
  if constexpr (requires { options.field(Type{}); }) \
    if (name == #field) return options.field(value.get<Type>()), true;

template <class Options>
bool set_field(Options& options, const std::string& name, const Json& value) {
  IDCL_TEST_FIELD(temperature, double)
  IDCL_TEST_FIELD(pos_margin, double)
  IDCL_TEST_FIELD(neg_margin, double)
  IDCL_TEST_FIELD(alpha, double)
  IDCL_TEST_FIELD(beta, double)
  IDCL_TEST_FIELD(base, double)
  IDCL_TEST_FIELD(m, double)
  IDCL_TEST_FIELD(gamma, double)
  IDCL_TEST_FIELD(margin, double)
  IDCL_TEST_FIELD(scale, double)
  IDCL_TEST_FIELD(softmax_scale, double)
  IDCL_TEST_FIELD(pos_eps, double)
  IDCL_TEST_FIELD(neg_eps, double)
  IDCL_TEST_FIELD(lambda_plus, double)
  IDCL_TEST_FIELD(lambda_minus, double)
  IDCL_TEST_FIELD(margin_plus, double)
  IDCL_TEST_FIELD(margin_minus, double)
  IDCL_TEST_FIELD(sigma, double)
  IDCL_TEST_FIELD(nu, double)
  IDCL_TEST_FIELD(Tn, double)
  IDCL_TEST_FIELD(Tp, double)
  IDCL_TEST_FIELD(imbalance, double)
  IDCL_TEST_FIELD(learn_beta, bool)
  IDCL_TEST_FIELD(normalize_negatives, bool)
  IDCL_TEST_FIELD(swap, bool)
  IDCL_TEST_FIELD(smooth_loss, bool)
  IDCL_TEST_FIELD(symmetric, bool)
  IDCL_TEST_FIELD(normalize, bool)
  if constexpr (requires { options.similarity(similarity::Cosine{}); })
    if (name == "distance") return options.similarity(similarity_named(value)), true;
  if (name == "reducer" && value == "mean") return options.reduction(torch::kMean), true;
  return false;
}

#undef IDCL_TEST_FIELD

template <class Options>
Options options_for(const Request& request, at::ScalarType type) {
  Options options;
  for (const auto& [name, value] : request.options.items())
    if (!set_field(options, name, value))
      throw std::runtime_error("no option field takes the golden option " + name + " = " + value.dump());
  if (request.reduction) options.reduction(*request.reduction);
  return with(options, request.setting, type);
}

template <class Options, class Function>
auto labels(Function function) {
  return [function](const Tensors& in, const Request& request) {
    return call_with_labels(function, in, options_for<Options>(request, in.at("embeddings").scalar_type()));
  };
}

/// One option at the ends of its range.
inline std::vector<Json> ends(const char* option, double low, double high) { return {{{option, low}}, {{option, high}}}; }

}  // namespace idcl::test
