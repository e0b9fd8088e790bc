#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/losses/detail/ranked_pairs.hpp"
#include "idcl/objective/histogram.hpp"
#include "idcl/similarity/cosine.hpp"

#include <torch/arg.h>

#include <cmath>
#include <optional>
#include <ostream>
#include <variant>

namespace idcl {

/// Options of `functional::histogram_loss` and `HistogramLoss`.
///
///     F::histogram_loss(embeddings, labels, HistogramLossOptions().n_bins(50));
struct HistogramLossOptions {
  /// >= 1: bins of the histograms, over cosines in [-1, 1].
  TORCH_ARG(int64_t, n_bins) = 100;
  /// In (0, 2]: the width of a bin, where it is given in the place of `n_bins`.
  TORCH_ARG(std::optional<double>, delta) = std::nullopt;
  /// `kMean` or `kSum`, which are the same: the loss is one number, and has no rows for `kNone`.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs, histograms and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const HistogramLossOptions& options) {
  constexpr auto where = "idcl::histogram_loss";
  TORCH_CHECK_VALUE(options.n_bins() >= 1, where, ": expected `n_bins` >= 1, but got ", options.n_bins());
  const auto delta = options.delta().value_or(2);
  TORCH_CHECK_VALUE(delta > 0 && delta <= 2, where, ": expected `delta` in (0, 2], but got ", delta);
  const auto& reduction = options.reduction();
  TORCH_CHECK_VALUE(std::holds_alternative<torch::enumtype::kMean>(reduction) || std::holds_alternative<torch::enumtype::kSum>(reduction),
                    where, ": expected `reduction` kMean or kSum, but got \"", name_of(reduction),
                    "\": the loss is over the histograms of the whole batch and has no rows");
}

inline objective::SoftHistogram bins_of(const HistogramLossOptions& options) {
  if (!options.delta()) return {.bins = options.n_bins(), .width = 2.0 / static_cast<double>(options.n_bins())};
  constexpr double rounding = 1e-9;
  return {.bins = static_cast<int64_t>(std::ceil(2 / *options.delta() - rounding)), .width = *options.delta()};
}

/// A composition: cosine x ranked pairs x histogram x sum.
inline Tensor histogram_loss(const LabelArguments& arguments, const HistogramLossOptions& options) {
  constexpr auto where = "idcl::histogram_loss";
  check_options(options);
  check_arguments(where, arguments);
  const auto u = similarity::Cosine{}.embed(arguments.embeddings);
  const auto v = arguments.is_self() ? u : similarity::Cosine{}.embed(arguments.references);
  const auto pairing =
      arguments.pairs ? mining::any_pairing(mining::GivenPairs{ranked_pairs(arguments)}) : mining::any_pairing(RankedPairs(arguments));
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const auto rows = engine::evaluate(objective::Histogram{bins_of(options)}, pairing, u, v, arguments.is_self(), evaluation);
  return reduction::Sum{}(rows.loss, rows.terms);
}

}  // namespace detail

namespace functional {

/// Histogram loss: the probability that a negative pair of the batch is more similar than a positive one.
///
///   L = sum_b p-_b sum_(c <= b) p+_c          p+_b, p-_b: the share of the batch's positive and negative pairs at node b
///
/// The nodes are even in the cosine, from -1 to 1; a pair is shared out between the two nodes it lies between, which is what the slope
/// comes from. There is nothing to tune but their number. Pairs are those of anchors that have a positive and a negative, unordered.
///
/// embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and ref_labels [M], where every pair counts, also the
/// diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that count then, a pair given twice once. Returns a
/// scalar; float64 for float64 input, else float32. No positive or no negative pair gives zero. Throws on shapes, types and devices that
/// disagree, on options out of range and on kNone. Time: 4 N^2 D FLOPs, against another set 8 N M D, and a few operations a pair
/// whatever the number of bins; memory: O(N (D + bins)) and the workspace. Twice differentiable in the dense evaluator. Ustinova and
/// Lempitsky 2016, section 3.
inline constexpr idcl::detail::LabelLossFunction<HistogramLossOptions, idcl::detail::histogram_loss> histogram_loss{};

}  // namespace functional

/// `functional::histogram_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class HistogramLossImpl : public detail::LabelLossModule<HistogramLossImpl, HistogramLossOptions, decltype(functional::histogram_loss)> {
 public:
  explicit HistogramLossImpl(const HistogramLossOptions& options_ = {}) : LabelLossModule(options_) { detail::check_options(options); }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::HistogramLoss(";
    options.delta() ? stream << "delta=" << *options.delta() : stream << "n_bins=" << options.n_bins();
    stream << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(HistogramLoss);

}  // namespace idcl
