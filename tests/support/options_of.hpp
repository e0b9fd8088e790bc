#pragma once

#include "support/label_call.hpp"

#include <torch/enum.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace idcl::test {

/// Sets the option field of a golden option's name; false where the struct has none.
template <class Options>
bool set_option(Options& options, const std::string& name, const nlohmann::json& value) {
  if constexpr (requires { options.num_neighbors(1); })
    if (name == "num_neighbors") return options.num_neighbors(value.get<int64_t>()), true;
  if constexpr (requires { options.temperature(1.0); })
    if (name == "temperature") return options.temperature(value.get<double>()), true;
  if constexpr (requires { options.epsilon(1.0); })
    if (name == "epsilon") return options.epsilon(value.get<double>()), true;
  if constexpr (requires { options.form("in"); })
    if (name == "form") return options.form(value.get<std::string>()), true;
  if constexpr (requires { options.denominator("all"); })
    if (name == "denominator") return options.denominator(value.get<std::string>()), true;
  if constexpr (requires { options.normalize(true); })
    if (name == "normalize") return options.normalize(value.get<bool>()), true;
  if constexpr (requires { options.symmetric(true); })
    if (name == "symmetric") return options.symmetric(value.get<bool>()), true;
  if constexpr (requires { options.similarity(similarity_named("")); })
    if (name == "distance") return options.similarity(similarity_named(value)), true;
  if (name == "reduction") {
    if (value == "mean") return options.reduction(torch::kMean), true;
    if (value == "sum") return options.reduction(torch::kSum), true;
    if (value == "none") return options.reduction(torch::kNone), true;
  }
  return false;
}

/// Every golden option as the field of that name, on top of `options`. `reducer` is the caller's matter.
template <class Options>
Options options_of(const nlohmann::json& json, Options options = {}) {
  for (const auto& [name, value] : json.items())
    if (name != "reducer" && !set_option(options, name, value))
      throw std::runtime_error("no option field takes the golden option " + name + " = " + value.dump());
  return options;
}

}  // namespace idcl::test
