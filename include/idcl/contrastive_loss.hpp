#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/crossed.hpp"
#include "idcl/engine/evaluate.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/tuples.hpp"
#include "idcl/reduction/reduction.hpp"

#include <concepts>

namespace idcl {

/// Composed of policies, here; with none it is the pairwise loss of that name, the module in `idcl/losses/contrastive.hpp`.
template <class... Policies>
struct ContrastiveLoss;

/// A contrastive loss: similarity x miner x objective x reduction.
///
///     auto loss = idcl::ContrastiveLoss{idcl::similarity::Cosine{}, idcl::mining::TopK{.k = 15}, idcl::objective::InfoNCE{.temperature = 0.1}};
///     loss(x);                                    // a set with itself, the diagonal ignored
///     loss(x, labels);                            // the same, integer labels [N]
///     loss(x, y);                                 // x [N, D] against y [M, D]
///     loss(x, labels, y, y_labels);               // the same with labels on both
///     loss(text, idcl::mining::in(audio));        // text with itself, positives mined in audio: IDCL
///     loss(x, labels, idcl::mining::beside(rows, row_labels));        // x with itself and with a memory
///     loss(x, pairs); loss(x, y, pairs);          // the given pairs alone, whatever the miner
///
/// Anchors and references are [N, D] and [M, D], floating, of any stride. The result is float64 for float64 input and float32
/// otherwise. Memory is linear in N + M (`evaluation` bounds the rest); time is that of the products.
template <Similarity S, Miner M, Objective O, Reduction R>
struct ContrastiveLoss<S, M, O, R> {
  S similarity;
  M miner;
  O objective;
  R reduction{};
  Evaluation evaluation{};

  Tensor operator()(const Tensor& x) const { return self(x, {}, {}); }

  Tensor operator()(const Tensor& x, const Tensor& labels_or_references) const {
    return check::are_labels(labels_or_references) ? self(x, labels_or_references, {}) : cross(x, {}, labels_or_references, {});
  }

  Tensor operator()(const Tensor& x, const Tensor& labels, const Tensor& y, const Tensor& y_labels) const {
    return cross(x, labels, y, y_labels);
  }

  Tensor operator()(const Tensor& x, const mining::Place& place) const {
    check::rows("idcl::ContrastiveLoss", "in", place.rows);
    return self(x, {}, place.rows);
  }

  static constexpr bool takes_memory = std::same_as<M, mining::Labels>;

  /// A set with itself and a memory beside it, which has no gradient.
  Tensor operator()(const Tensor& x, const Tensor& labels, const mining::Beside& memory) const
    requires takes_memory
  {
    constexpr auto where = "idcl::ContrastiveLoss";
    check::rows(where, "x", x);
    check::labels(where, "labels", labels, x);
    check::comparable(where, "x", x, "beside", memory.rows);
    check::labels(where, "beside's labels", memory.labels, memory.rows);
    const mining::Labels::Pairs pairing{labels, at::cat({labels, memory.labels}), /*self=*/true};
    const auto v = idcl::similarity::embed_references(similarity, at::cat({x.detach(), memory.rows.detach()}));
    const auto rows =
        engine::evaluate(objective, pairing, similarity.embed(x), v, /*self=*/false, evaluation, idcl::similarity::metric_of(similarity));
    return idcl::reduction::reduce(reduction, rows.loss, rows.terms, labels);
  }

  /// Only the given pairs count, whatever the miner: anchors in x, the others in x too, or in y.
  Tensor operator()(const Tensor& x, const mining::Pairs& pairs) const { return given(x, {}, pairs); }
  Tensor operator()(const Tensor& x, const Tensor& y, const mining::Pairs& pairs) const { return given(x, y, pairs); }

  /// (loss(x, y) + loss(y, x)) / 2, each similarity computed once.
  Tensor symmetric(const Tensor& x, const Tensor& y) const
    requires DirectMiner<M>
  {
    constexpr auto where = "idcl::ContrastiveLoss";
    check::rows(where, "x", x);
    check::comparable(where, "x", x, "y", y);
    const auto u = similarity.embed(x), v = idcl::similarity::embed_references(similarity, y);
    const auto pairing = engine::mine(miner, Scene{.anchors = u, .references = v, .self = false}, evaluation);
    const auto [rows, columns] = engine::evaluate_both(objective, pairing, u, v, evaluation, idcl::similarity::metric_of(similarity));
    return (reduction(rows.loss, rows.terms) + reduction(columns.loss, columns.terms)) * 0.5;
  }

  /// (loss(x, in(y)) + loss(y, in(x))) / 2 of two views of one set, each similarity computed once.
  Tensor crossed(const Tensor& x, const Tensor& y) const
    requires FoldingMiner<M> && (!MappedSimilarity<S>)
  {
    constexpr auto where = "idcl::ContrastiveLoss";
    check::rows(where, "x", x);
    check::views(where, "x", x, "y", y);
    const auto [first, second] = engine::crossed(miner, objective, similarity.embed(x), similarity.embed(y), evaluation);
    return (reduction(first.loss, first.terms) + reduction(second.loss, second.terms)) * 0.5;
  }

 private:
  Tensor self(const Tensor& x, const Tensor& labels, const Tensor& place) const {
    constexpr auto where = "idcl::ContrastiveLoss";
    check::rows(where, "x", x);
    if (labels.defined()) check::labels(where, "labels", labels, x);
    if (place.defined()) check::views(where, "x", x, "in", place);
    const auto [u, v] = idcl::similarity::embed_both(similarity, x);
    const Scene scene{
        .anchors = u, .references = v, .self = true, .anchor_labels = labels, .reference_labels = labels, .place = elsewhere(place)};
    return evaluate(scene);
  }

  Tensor cross(const Tensor& x, const Tensor& labels, const Tensor& y, const Tensor& y_labels) const {
    constexpr auto where = "idcl::ContrastiveLoss";
    check::rows(where, "x", x);
    check::comparable(where, "x", x, "y", y);
    if (labels.defined()) check::labels(where, "labels", labels, x);
    if (y_labels.defined()) check::labels(where, "y_labels", y_labels, y);
    return evaluate(Scene{.anchors = similarity.embed(x),
                          .references = idcl::similarity::embed_references(similarity, y),
                          .self = false,
                          .anchor_labels = labels,
                          .reference_labels = y_labels});
  }

  Tensor given(const Tensor& x, const Tensor& y, const mining::Pairs& pairs) const {
    constexpr auto where = "idcl::ContrastiveLoss";
    check::rows(where, "x", x);
    if (y.defined()) check::comparable(where, "x", x, "y", y);
    const auto& others = y.defined() ? y : x;
    mining::check_pairs(where, pairs, x.size(0), others.size(0));
    const auto [u, v] = y.defined() ? std::pair{similarity.embed(x), idcl::similarity::embed_references(similarity, y)}
                                    : idcl::similarity::embed_both(similarity, x);
    const auto rows =
        engine::evaluate(objective, mining::GivenPairs{pairs}, u, v, !y.defined(), evaluation, idcl::similarity::metric_of(similarity));
    return reduction(rows.loss, rows.terms);
  }

  Tensor elsewhere(const Tensor& place) const {
    const at::NoGradGuard no_grad;
    return place.defined() ? similarity.embed(place) : Tensor();
  }

  Tensor evaluate(Scene scene) const {
    static_assert(!(FoldingMiner<M> && MappedSimilarity<S>),
                  "a miner that ranks needs a similarity that is an inner product: cosine or dot");
    const auto pairing = engine::mine(miner, scene, evaluation);
    scene.place.reset();  // not needed any more: backward should not hold it
    const auto rows = engine::evaluate(objective, pairing, scene.anchors, scene.references, scene.self, evaluation,
                                       idcl::similarity::metric_of(similarity));
    return idcl::reduction::reduce(reduction, rows.loss, rows.terms, scene.anchor_labels);
  }
};

template <Similarity S, Miner M, Objective O>
ContrastiveLoss(S, M, O) -> ContrastiveLoss<S, M, O, reduction::Mean>;
template <Similarity S, Miner M, Objective O, Reduction R>
ContrastiveLoss(S, M, O, R) -> ContrastiveLoss<S, M, O, R>;
template <Similarity S, Miner M, Objective O, Reduction R>
ContrastiveLoss(S, M, O, R, Evaluation) -> ContrastiveLoss<S, M, O, R>;

}  // namespace idcl
