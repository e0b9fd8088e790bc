#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/evaluate.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/tuples.hpp"
#include "idcl/similarity/any.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace idcl::detail {

/// A miner, whichever it is: the pairs it finds in a scene.
using Mine = std::function<mining::AnyPairing(const Scene&, const similarity::Metric&, const Evaluation&)>;

template <Miner M>
Mine any_miner(const M& miner) {
  return [miner](const Scene& scene, const similarity::Metric& metric, const Evaluation& evaluation) {
    TORCH_CHECK(DirectMiner<M> || metric.is_inner(), "idcl: a miner that ranks needs a similarity that is an inner product: cosine or dot");
    return mining::any_pairing(engine::mine(miner, scene, evaluation));
  };
}

/// Who is compared with whom in a loss over labels, over given pairs, or over what a miner finds.
struct LabelArguments {
  Tensor embeddings, labels;                   ///< [N, D], [N]
  Tensor references{}, reference_labels{};     ///< [M, D], [M]; undefined: the embeddings with themselves
  std::optional<mining::Pairs> pairs{};        ///< only these count
  std::optional<mining::Triplets> triplets{};  ///< what the pairs were given as, for losses over triplets
  Mine mine{};                                 ///< says who is positive, instead of the labels
  bool beside = false;                         ///< the references begin with the embeddings themselves: no element is its own pair

  /// Are there no pairs (i, i)?
  bool skips_diagonal() const { return is_self() || beside; }
  bool is_self() const { return !references.defined(); }
  const Tensor& others() const { return is_self() ? embeddings : references; }
};

/// Labels may be missing where a miner says who is positive.
inline void check_rows(const char* where, const LabelArguments& of) {
  check::rows(where, "embeddings", of.embeddings);
  if (!of.mine || of.labels.defined()) check::labels(where, "labels", of.labels, of.embeddings);
  if (!of.is_self()) {
    check::comparable(where, "embeddings", of.embeddings, "ref_embeddings", of.references);
    if (!of.mine || of.reference_labels.defined()) check::labels(where, "ref_labels", of.reference_labels, of.references);
  }
}

/// For losses that read labels or given pairs themselves.
inline void check_arguments(const char* where, const LabelArguments& of) {
  TORCH_CHECK_VALUE(!of.mine, where, ": expected labels or given pairs, but got a miner, which this loss cannot use");
  check_rows(where, of);
  if (of.pairs) mining::check_pairs(where, *of.pairs, of.embeddings.size(0), of.others().size(0));
}

/// Checked arguments, embedded: what the engine evaluates.
struct EmbeddedLabels {
  Tensor u, v;  ///< [N, E], [M, E]
  mining::AnyPairing pairing;
  bool self;
  similarity::Metric metric;
};

/// `evaluation` is for miners that have to see the similarities.
inline EmbeddedLabels embed_labels(const char* where, const similarity::Any& similarity, const LabelArguments& of,
                                   const Evaluation& evaluation = {}) {
  check_rows(where, of);
  if (of.pairs) mining::check_pairs(where, *of.pairs, of.embeddings.size(0), of.others().size(0));
  const bool self = of.is_self();
  const auto [u, v] =
      self ? similarity.both(of.embeddings) : std::pair{similarity.embed(of.embeddings), similarity.references(of.others())};
  const auto& other_labels = self ? of.labels : of.reference_labels;
  const auto pairing = [&] {
    if (of.pairs) return mining::any_pairing(mining::GivenPairs{*of.pairs});
    if (!of.mine) return mining::any_pairing(mining::Labels::Pairs{of.labels, other_labels, of.skips_diagonal()});
    return of.mine(Scene{.anchors = u, .references = v, .self = self, .anchor_labels = of.labels, .reference_labels = other_labels},
                   similarity.metric(), evaluation);
  }();
  return {u, v, pairing, self, similarity.metric()};
}

/// Row losses of an objective over labels, given pairs or a miner's: checks, embeds and folds. `Options` has `evaluator` and `workspace_bytes`.
template <Objective O, class Options>
engine::RowLosses label_rows(const char* where, const O& objective, const similarity::Any& similarity, const LabelArguments& of,
                             const Options& options, const engine::Offsets& offsets = {}) {
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const auto [u, v, pairing, self, metric] = embed_labels(where, similarity, of, evaluation);
  return engine::evaluate(objective, pairing, u, v, self, evaluation, metric, offsets);
}

/// The same, reduced as `Options::reduction` says.
template <Objective O, class Options>
Tensor label_loss(const char* where, const O& objective, const similarity::Any& similarity, const LabelArguments& of,
                  const Options& options) {
  const auto rows = label_rows(where, objective, similarity, of, options);
  return reduce(options.reduction(), rows.loss, rows.terms, of.labels);
}

/// A set with itself and with a memory, which has no gradient.
inline LabelArguments arguments_beside(const Tensor& embeddings, const Tensor& labels, const mining::Beside& memory) {
  check_rows("idcl::mining::beside", {embeddings, labels, memory.rows, memory.labels});
  return {.embeddings = embeddings,
          .labels = labels,
          .references = at::cat({embeddings.detach(), memory.rows.detach()}),
          .reference_labels = at::cat({labels, memory.labels}),
          .beside = true};
}

/// Can a loss compare a set with itself and with a memory beside it?
enum class Memory { None, Beside };

/// The calls that every loss over labels understands, as one function object:
///
///     loss(embeddings, labels[, pairs, triplets or miner][, options])
///     loss(embeddings, labels, ref_embeddings, ref_labels[, pairs, triplets or miner][, options])
///     loss(embeddings, miner[, options])              positives that no label tells: soft, by sets, by a rule
///     loss(embeddings, miner, ref_embeddings[, options])
///     loss(embeddings, labels, mining::beside(rows, row_labels)[, options])      a set with itself and a memory, which has no gradient
///
/// `Body` is callable with (LabelArguments, Options). The last call is for bodies that heed `LabelArguments::beside`.
template <class Options, auto Body, Memory memory = Memory::None>
struct LabelLossFunction {
  static constexpr bool takes_memory = memory == Memory::Beside;

  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Options& options = {}) const {
    return Body(LabelArguments{embeddings, labels}, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const mining::Pairs& pairs, const Options& options = {}) const {
    return Body(LabelArguments{embeddings, labels, {}, {}, pairs}, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const mining::Triplets& triplets, const Options& options = {}) const {
    return Body(LabelArguments{embeddings, labels, {}, {}, mining::Pairs(triplets), triplets}, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                    const Options& options = {}) const {
    return Body(LabelArguments{embeddings, labels, ref_embeddings, ref_labels}, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                    const mining::Pairs& pairs, const Options& options = {}) const {
    return Body(LabelArguments{embeddings, labels, ref_embeddings, ref_labels, pairs}, options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels,
                    const mining::Triplets& triplets, const Options& options = {}) const {
    return Body(LabelArguments{embeddings, labels, ref_embeddings, ref_labels, mining::Pairs(triplets), triplets}, options);
  }
  template <Miner M>
  Tensor operator()(const Tensor& embeddings, const M& miner, const Options& options = {}) const {
    return Body(LabelArguments{.embeddings = embeddings, .labels = {}, .mine = any_miner(miner)}, options);
  }
  template <Miner M>
  Tensor operator()(const Tensor& embeddings, const M& miner, const Tensor& ref_embeddings, const Options& options = {}) const {
    return Body(LabelArguments{.embeddings = embeddings, .labels = {}, .references = ref_embeddings, .mine = any_miner(miner)}, options);
  }
  template <Miner M>
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const M& miner, const Options& options = {}) const {
    return Body(LabelArguments{.embeddings = embeddings, .labels = labels, .mine = any_miner(miner)}, options);
  }
  template <Miner M>
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const Tensor& ref_embeddings, const Tensor& ref_labels, const M& miner,
                    const Options& options = {}) const {
    return Body(LabelArguments{.embeddings = embeddings,
                               .labels = labels,
                               .references = ref_embeddings,
                               .reference_labels = ref_labels,
                               .mine = any_miner(miner)},
                options);
  }
  Tensor operator()(const Tensor& embeddings, const Tensor& labels, const mining::Beside& more, const Options& options = {}) const
    requires takes_memory
  {
    return Body(arguments_beside(embeddings, labels, more), options);
  }
};

}  // namespace idcl::detail
