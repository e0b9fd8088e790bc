#pragma once

#include "idcl/losses/detail/label_loss_module.hpp"
#include "idcl/losses/detail/triplets.hpp"
#include "idcl/objective/triplet_margin.hpp"
#include "idcl/similarity/euclidean.hpp"

#include <torch/arg.h>

#include <ostream>

namespace idcl {

/// Options of `functional::triplet_margin_loss` and `TripletMarginLoss`.
///
///     F::triplet_margin_loss(embeddings, labels, TripletMarginLossOptions().margin(0.2));
struct TripletMarginLossOptions {
  /// Finite: how much farther negatives are to be than positives.
  TORCH_ARG(double, margin) = 0.05;
  /// Take the distance from positive to negative where that is smaller than from anchor to negative. Lists the triplets.
  TORCH_ARG(bool, swap) = false;
  /// Softplus in the place of the hinge.
  TORCH_ARG(bool, smooth_loss) = false;
  /// What is compared; a similarity counts as minus a distance.
  TORCH_ARG(similarity::Any, similarity) = similarity::Euclidean{};
  /// `kMeanNonZero` over triplets that violate the margin; `kMean` over all triplets; `kSum`; `kNone`: [N], the sum of each anchor's terms.
  TORCH_ARG(reduction_t, reduction) = kMeanNonZero;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace detail {

inline void check_options(const TripletMarginLossOptions& options) {
  check::finite("idcl::triplet_margin_loss", "margin", options.margin());
}

/// Over given triplets, their similarities picked from the tiles.
inline engine::RowLosses listed_triplets(const LabelArguments& arguments, const mining::Triplets& triplets,
                                         const TripletMarginLossOptions& options) {
  const auto d = triplet_distances(arguments, triplets, options.similarity(), options.swap(), options);  // [T] each
  const auto x = d.positive - d.negative + options.margin();
  const auto term = options.smooth_loss() ? at::log_sigmoid(-x).neg() : at::relu(x);
  const auto counted = skips_zeros(options.reduction()) ? (term.detach() > 0).to(term.scalar_type()) : at::ones_like(term.detach());
  const auto zeros = at::zeros({arguments.embeddings.size(0)}, term.options().requires_grad(false));
  return {zeros.index_add(0, triplets.anchor, term), zeros.index_add(0, triplets.anchor, counted)};
}

inline Tensor triplet_margin_loss(const LabelArguments& arguments, const TripletMarginLossOptions& options) {
  check_options(options);
  check_arguments("idcl::triplet_margin_loss", arguments);
  const auto rows = [&] {
    if (arguments.triplets) return listed_triplets(arguments, *arguments.triplets, options);
    if (options.swap()) return listed_triplets(arguments, all_triplets(arguments), options);
    const objective::TripletMargin objective{.margin = options.margin(),
                                             .smooth = options.smooth_loss(),
                                             .distance = options.similarity().distance,
                                             .skip_zeros = skips_zeros(options.reduction()),
                                             .max_positives = most_positives(arguments)};
    return label_rows("idcl::triplet_margin_loss", objective, options.similarity(), arguments, options);
  }();
  return reduce(options.reduction(), rows.loss, rows.terms, arguments.labels);
}

}  // namespace detail

namespace functional {

/// Triplet margin loss: each positive is to be closer to its anchor than each negative, by a margin. All triplets, none of them listed.
///
///   L = mean_(i,p,n) [ d_ip - d_in + margin ]+          d: Euclidean distance of rows of unit length
///
/// The mean is over the triplets that violate the margin. embeddings: [N, D]; labels: integers [N]; optionally ref_embeddings [M, D] and
/// ref_labels [M], where every pair counts, also the diagonal; optionally `mining::Pairs` or `mining::Triplets`, the only pairs that
/// count then: triplets as they are, pairs as all triplets of a positive and a negative of one anchor. Returns a scalar, or [N] for
/// `kNone`; float64 for float64 input, else float32. No triplet gives zero. Throws on shapes, types and devices that disagree and on
/// options out of range. Time: 8 N^2 D FLOPs, against another set 10 N M D, and log P a pair, P the size of a class (P with
/// `smooth_loss`); memory: O(N (D + P)) and the workspace; with `swap` or given triplets O(T) besides, T triplets. The second derivative:
/// dense evaluator. Schroff et al. 2015, eq. 2.
inline constexpr idcl::detail::LabelLossFunction<TripletMarginLossOptions, idcl::detail::triplet_margin_loss, idcl::detail::Memory::Beside>
    triplet_margin_loss{};

}  // namespace functional

/// `functional::triplet_margin_loss` as a module: forward(embeddings, labels[, ref_embeddings, ref_labels]). It has no parameters; options are not
/// saved by `torch::save`.
class TripletMarginLossImpl
    : public detail::LabelLossModule<TripletMarginLossImpl, TripletMarginLossOptions, decltype(functional::triplet_margin_loss)> {
 public:
  explicit TripletMarginLossImpl(const TripletMarginLossOptions& options_ = {}) : LabelLossModule(options_) {
    detail::check_options(options);
  }

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::TripletMarginLoss(margin=" << options.margin() << ", swap=" << options.swap()
           << ", smooth_loss=" << options.smooth_loss() << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }
};

TORCH_MODULE(TripletMarginLoss);

}  // namespace idcl
