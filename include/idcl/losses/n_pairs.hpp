#pragma once

#include "idcl/losses/detail/class_pairs.hpp"
#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::n_pairs_loss` and `NPairsLoss`.
///
///     F::n_pairs_loss(embeddings, labels, NPairsLossOptions().similarity(similarity::Dot{}));
struct NPairsLossOptions {
  /// What is compared; a distance counts as its negative.
  TORCH_ARG(similarity::Any, similarity) = similarity::Cosine{};
  /// `kMean` over classes that have a pair, `kSum`, or `kNone`: [C], one a class that has a pair, by ascending label.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const NPairsLossOptions&) {}

/// A composition over one pair of each class: similarity x diagonal x InfoNCE x reduction.
inline Tensor n_pairs_loss(const LabelArguments& arguments, const NPairsLossOptions& options) {
  check_arguments("idcl::n_pairs_loss", arguments);
  const auto& similarity = options.similarity();
  const auto pairs = class_pairs(arguments);
  const auto u = similarity.embed(arguments.embeddings.index_select(0, pairs.anchor));
  const auto v = similarity.references(arguments.others().index_select(0, pairs.positive));
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const objective::InfoNCE objective{.temperature = similarity.distance ? -1.0 : 1.0};
  const auto rows =
      engine::evaluate(objective, mining::any_pairing(mining::Diagonal::Pairs{}), u, v, /*self=*/false, evaluation, similarity.metric());
  return reduce(options.reduction(), rows.loss, rows.terms, arguments.labels.index_select(0, pairs.anchor));
}

}  // namespace detail

namespace functional {

/// N-pairs loss: one anchor and one positive of each class; each anchor is to find its positive among those of all classes.
///
///   L = mean_c [ log sum_k exp(s(a_c, p_k)) - s(a_c, p_c) ]          s: cosine
///
/// The pair of a class is its first element with its second, with references its first element and first reference, with `mining::Pairs`
/// or `mining::Triplets` the first given positive pair. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M]. Returns a scalar, or [C] for `kNone`; float64 for float64 input, else float32. A batch without a pair gives zero.
/// Throws on shapes, types and devices that disagree. Time: 8 C^2 D FLOPs, C classes; memory: O(C D) and the workspace. Twice
/// differentiable for similarities that are inner products. Sohn 2016, eq. 7.
inline constexpr idcl::detail::LabelLossFunction<NPairsLossOptions, idcl::detail::n_pairs_loss> n_pairs_loss{};

}  // namespace functional

/// `functional::n_pairs_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class NPairsLossImpl : public detail::LabelLossModule<NPairsLossImpl, NPairsLossOptions, decltype(functional::n_pairs_loss)> {
 public:
  explicit NPairsLossImpl(const NPairsLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::NPairsLoss(reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(NPairsLoss);

}  // namespace idcl
