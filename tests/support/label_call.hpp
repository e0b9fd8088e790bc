#pragma once

#include "idcl/mining/tuples.hpp"
#include "idcl/similarity/any.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "support/golden.hpp"

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

/// A quirk of PyTorch Metric Learning's that its users can have here too: given one labels tensor for both sets it drops the diagonal,
/// which here is giving all the pairs off it. A loss that takes no pairs from given ones ignores them.
inline golden::Case without_diagonal(golden::Case c) {
  c.options.erase("ref_labels_is_labels");
  const auto same = c.inputs.at("labels").unsqueeze(1).eq(c.inputs.at("ref_labels"));  // [N, M]
  c.inputs["pos_pairs"] = same.clone().fill_diagonal_(false).nonzero();
  c.inputs["neg_pairs"] = same.logical_not().nonzero();
  return c;
}

/// A golden case as this library is asked for it; nothing where it pins a quirk that is not copied.
inline std::optional<golden::Case> as_asked_here(const golden::Case& c) {
  const bool has_value = c.expected.contains("loss_clean") || !c.quirk;
  // with references, PML's lifted structure takes a reference's position for an anchor's; its NCA has no loss of a single anchor. What both
  // are there and here, the suites' definitions say.
  const bool is_refused = !has_value && c.inputs.contains("ref_embeddings") &&
                          (c.file == "losses/lifted_structure" || (c.file == "losses/nca" && c.inputs.at("embeddings").size(0) == 1));
  if (is_refused) return std::nullopt;
  if (!c.options.contains("ref_labels_is_labels")) return c;
  auto asked = without_diagonal(c);
  if (c.file == "losses/nca") asked.inputs.erase("pos_pairs"), asked.inputs.erase("neg_pairs");  // its PML version keeps the diagonal
  return asked;
}

}  // namespace idcl::test
