#pragma once

#include "support/golden.hpp"
#include "support/gradcheck.hpp"
#include "support/options_of.hpp"
#include "support/setting.hpp"

#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

/// How the suites of the losses ask them all in the same way, whatever they take.
namespace idcl::test {

using golden::Json;
using golden::Tensors;

/// How a loss is asked for: options by their golden names. Without a reduction, the loss's own.
struct Request {
  Json options = Json::object();
  Setting setting{};
  std::optional<reduction_t> reduction{};
};

/// A loss of inputs by their golden names, and the options that it has.
struct AskedLoss {
  std::function<Tensor(const Tensors&, const Request&)> call;
  std::set<std::string> options;

  Tensor operator()(const Tensors& in, const Request& request) const { return call(in, request); }
};

/// `call(inputs, options)` as a loss.
template <class Options, class Call>
AskedLoss asked(const Call& call) {
  return {[call](const Tensors& in, const Request& request) {
            auto options = options_of<Options>(request.options);
            if (request.reduction) options.reduction(*request.reduction);
            const auto type = [&] {
              for (const auto& [name, value] : in)
                if (value.is_floating_point()) return value.scalar_type();
              return at::kFloat;
            }();
            return call(in, with(options, request.setting, type));
          },
          option_names<Options>()};
}

/// A loss over labels, with references, given pairs or triplets where the inputs have them.
template <class Options, class Function>
AskedLoss labels(const Function& function) {
  return asked<Options>([function](const Tensors& in, const Options& options) { return call_with_labels(function, in, options); });
}

/// Every reduction that there is of rows; without weights of classes, none by class.
inline std::vector<reduction_t> all_reductions(const std::vector<double>& class_weights = {}) {
  std::vector<reduction_t> all{torch::kMean, torch::kSum, torch::kNone, kMeanNonZero, kMeanPerAnchor,
                               reduction::Threshold{.low = 0.05, .high = 50}};
  if (!class_weights.empty()) all.push_back(reduction::ClassWeighted{at::tensor(class_weights, at::kDouble)});
  return all;
}

/// One option at the ends of its range.
inline std::vector<Json> ends(const char* option, double low, double high) { return {{{option, low}}, {{option, high}}}; }

inline Inputs floating(const Tensors& inputs) {
  Inputs result;
  for (const auto& [name, value] : inputs)
    if (value.is_floating_point()) result.push_back(value);
  return result;
}

/// The loss as a function of its floating inputs, in the order of their names; rows are weighted and added.
inline Function function_of(const AskedLoss& asked, const Tensors& inputs, const Request& request) {
  return [=](const Inputs& values) {
    auto in = inputs;
    std::size_t next = 0;
    for (auto& [name, value] : in)
      if (value.is_floating_point()) value = values.at(next++);
    const auto loss = asked(in, request);
    return loss.dim() > 0 ? (loss * at::arange(1, loss.numel() + 1, loss.options().requires_grad(false))).sum() : loss;
  };
}

/// Gradients of every evaluator against the dense loss's differences.
inline void check_slopes(const std::string& what, const AskedLoss& asked, const Tensors& inputs, const Json& options,
                         const reduction_t& reduction) {
  const auto expected = differences(function_of(asked, inputs, {options, dense(), reduction}), floating(inputs));
  for (const auto& setting : {dense(), streaming(3)}) {
    std::ostringstream where;
    where << what << ", " << options << ", " << idcl::detail::name_of(reduction) << ", " << setting;
    check_gradients(where.str(), gradient(function_of(asked, inputs, {options, setting, reduction}), as_leaves(floating(inputs))),
                    expected);
  }
}

/// Neither a value nor a gradient that is not finite.
inline void check_finite(const std::string& what, const AskedLoss& asked, const Tensors& inputs, const Request& request) {
  const auto leaves = as_leaves(floating(inputs));
  INFO(what);
  const auto loss = function_of(asked, inputs, request)(leaves);
  CHECK(at::isfinite(loss).all().item<bool>());
  loss.backward();
  for (const auto& leaf : leaves) CHECK(at::isfinite(or_zeros(leaf.grad(), leaf)).all().item<bool>());
}

template <class Subject>
std::string name_of(const Subject& subject, const Setting& setting, const std::string& what) {
  std::ostringstream name;
  name << subject.name << ", " << what << ", " << setting;
  return name.str();
}

/// The options that a subject's differences are taken with: the mild ones, and each variant.
template <class Subject>
std::vector<Json> variants_of(const Subject& subject) {
  auto all = subject.variants;
  all.insert(all.begin(), subject.mild);
  return all;
}

/// No option of the loss is left out of what is tried; `elsewhere`: what a functional takes from a weight's shape, or does not look at.
inline void check_all_tried(const std::string& name, const AskedLoss& loss, const std::vector<Json>& variants,
                            const std::set<std::string>& elsewhere = {}) {
  auto tried = elsewhere;
  for (const auto& options : variants)
    for (const auto& [option, value] : options.items()) tried.insert(option);
  for (const auto& option : loss.options) {
    INFO(name << ": option " << option);
    CHECK(tried.contains(option));
  }
}

}  // namespace idcl::test
