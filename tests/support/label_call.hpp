#pragma once

#include "idcl/mining/pml_pairs.hpp"
#include "idcl/mining/tuples.hpp"
#include "idcl/similarity/any.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "support/golden.hpp"

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

/// Losses over labels, called as golden cases have it.
namespace idcl::test {

/// A golden `distance`.
inline similarity::Any similarity_named(const std::string& name) {
  if (name == "lp") return similarity::Euclidean{};
  if (name == "lp_raw") return similarity::Euclidean{.normalize = false};
  if (name == "lp_squared") return similarity::Euclidean{.power = 2};
  if (name == "dot_raw") return similarity::Dot{};
  if (name == "cosine") return similarity::Cosine{};
  throw std::runtime_error("an unknown golden distance: " + name);
}

/// The call that the inputs ask for: with references, with given pairs or triplets, with a boundary where the loss takes one.
template <class Function, class Options>
Tensor call_with_labels(const Function& function, const golden::Tensors& in, const Options& options) {
  const auto &x = in.at("embeddings"), &y = in.at("labels");
  const auto column = [&](const char* name, int64_t i) { return in.at(name).select(1, i); };
  const auto finish = [&](const auto&... arguments) {
    if constexpr (requires { function(x, y, x, options); })
      if (in.contains("beta")) return function(arguments..., in.at("beta"), options);
    return function(arguments..., options);
  };
  const auto call = [&](const auto&... sets) {
    if (in.contains("triplets"))
      return finish(sets..., mining::Triplets(column("triplets", 0), column("triplets", 1), column("triplets", 2)));
    if (in.contains("pos_pairs"))
      return finish(sets..., mining::Pairs(column("pos_pairs", 0), column("pos_pairs", 1), column("neg_pairs", 0), column("neg_pairs", 1)));
    return finish(sets...);
  };
  return in.contains("ref_embeddings") ? call(x, y, in.at("ref_embeddings"), in.at("ref_labels")) : call(x, y);
}

/// A case over the pairs that PyTorch Metric Learning goes by.
inline golden::Case over_pml_pairs(golden::Case c) {
  const auto& labels = c.inputs.at("labels");
  const bool self = !c.inputs.contains("ref_labels"), one_tensor = c.options.erase("ref_labels_is_labels") > 0;
  const auto pairs =
      mining::pml_pairs(labels, self || one_tensor ? labels : c.inputs.at("ref_labels"), {.both_kinds = c.file == "losses/sup_con"});
  c.inputs["pos_pairs"] = at::stack({pairs.anchor_pos, pairs.positive}, 1);
  c.inputs["neg_pairs"] = at::stack({pairs.anchor_neg, pairs.negative}, 1);
  return c;
}

/// A golden case as this library is asked for its value: one with a clean value by the defaults, a quirk by the option that has it.
inline golden::Case as_asked_here(golden::Case c) {
  if (!c.quirk || c.expected.contains("loss_clean")) return c;
  if (c.file == "losses/nca") {  // its PML version keeps the diagonal
    c.options.erase("ref_labels_is_labels");
    c.options["single_anchor_is_zero"] = true;
    return c;
  }
  if (c.file == "losses/lifted_structure") c.options["negatives_by_place"] = true;
  return c.options.contains("ref_labels_is_labels") ? over_pml_pairs(c) : c;
}

/// A case whose clean value is another than PML's, as this library is asked for PML's; nothing where there is one value.
inline std::optional<golden::Case> as_asked_for_parity(const golden::Case& c) {
  if (!c.quirk || !c.expected.contains("loss_clean")) return std::nullopt;
  auto asked = over_pml_pairs(c);
  asked.expected.erase("loss_clean");
  asked.expected.erase("grads_clean");
  if (c.file == "losses/nt_xent") asked.options["epsilon"] = std::numeric_limits<double>::min();
  return asked;
}

}  // namespace idcl::test
