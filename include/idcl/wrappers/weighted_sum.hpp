#pragma once

#include "idcl/core/check.hpp"
#include "idcl/wrappers/callee.hpp"

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace idcl {

/// A weighted sum of losses, and of regularisers of the embeddings.
///
///     idcl::WeightedSum loss;
///     loss->add("triplet", 1, idcl::TripletMarginLoss()).add("proxy", 0.5, proxy_anchor).add("norm", 0.01, idcl::regularizer::Lp{});
///     loss(embeddings, labels);
///
/// A term is a module or a function of (embeddings, labels, references, reference_labels), of (embeddings, labels) or of (embeddings):
/// it gets what it takes, so that proxies look at the embeddings alone where there are references. A module is registered under the
/// term's name, shared with its holder, and trained, moved, saved and cloned with this one; functions are not saved. Every term has to
/// return a scalar. Time and memory: the terms' own.
class WeightedSumImpl : public torch::nn::Cloneable<WeightedSumImpl> {
 public:
  /// Adds a term. weight: finite.
  template <class Term>
  WeightedSumImpl& add(std::string name, double weight, Term term);

  void reset() override {
    for (auto& term : terms_)
      if (term.module) term.module = register_module(term.name, term.module->clone());
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::WeightedSum(";
    for (std::size_t i = 0; i < terms_.size(); ++i) stream << (i > 0 ? ", " : "") << terms_[i].name << "=" << terms_[i].weight;
    stream << ")";
  }

  Tensor forward(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings = {}, const Tensor& ref_labels = {}) {
    TORCH_CHECK(!terms_.empty(), where, ": expected terms, but none was added");
    Tensor total;
    for (auto& [name, value] : parts(embeddings, labels, ref_embeddings, ref_labels)) total = total.defined() ? total + value : value;
    return total;
  }

  /// Each term with its weight, by name, in the order they were added: what `forward` adds up.
  std::vector<std::pair<std::string, Tensor>> parts(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings = {},
                                                    const Tensor& ref_labels = {}) {
    std::vector<std::pair<std::string, Tensor>> values;
    for (const auto& term : terms_) {
      const auto value = term.evaluate(term.module.get(), {embeddings, labels, ref_embeddings, ref_labels});
      TORCH_CHECK_VALUE(value.dim() == 0, where, ": expected `", term.name, "` to return a scalar, but got ", value.sizes());
      values.emplace_back(term.name, value * term.weight);
    }
    return values;
  }

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())}, {3, torch::nn::AnyValue(Tensor())})

 private:
  static constexpr auto where = "idcl::WeightedSum";

  struct Arguments {
    Tensor embeddings, labels, ref_embeddings, ref_labels;
  };

  struct Term {
    std::string name;
    double weight;
    std::shared_ptr<torch::nn::Module> module;  ///< none for a function
    std::function<Tensor(torch::nn::Module*, const Arguments&)> evaluate;
  };

  /// Calls a loss with what it takes.
  template <class Callee>
  static Tensor call(const Callee& callee, const Arguments& of) {
    constexpr bool in_full = requires { callee(of.embeddings, of.labels, of.ref_embeddings, of.ref_labels); };
    constexpr bool labels = requires { callee(of.embeddings, of.labels); };
    constexpr bool alone = requires { callee(of.embeddings); };
    static_assert(in_full || labels || alone, "a term is a function of embeddings, of labels too, or of references too");
    if constexpr (in_full) {
      if (of.ref_embeddings.defined() || !labels) return callee(of.embeddings, of.labels, of.ref_embeddings, of.ref_labels);
    }
    if constexpr (labels) {
      return callee(of.embeddings, of.labels);
    } else if constexpr (alone) {
      return callee(of.embeddings);
    } else {
      return {};  // not reached
    }
  }

  std::vector<Term> terms_;
};

template <class T>
WeightedSumImpl& WeightedSumImpl::add(std::string name, double weight, T term) {
  check::finite(where, "weight", weight);
  if constexpr (detail::ModuleHolder<T>) {
    using Impl = typename T::ContainedType;
    register_module(name, term);
    terms_.push_back(
        {std::move(name), weight, term.ptr(), [](torch::nn::Module* module, const Arguments& of) {
           auto& impl = static_cast<Impl&>(*module);
           return call([&](const auto&... arguments) -> decltype(Tensor(impl.forward(arguments...))) { return impl.forward(arguments...); },
                       of);
         }});
  } else {
    terms_.push_back(
        {std::move(name), weight, nullptr, [term = std::move(term)](torch::nn::Module*, const Arguments& of) { return call(term, of); }});
  }
  return *this;
}

TORCH_MODULE(WeightedSum);

}  // namespace idcl
