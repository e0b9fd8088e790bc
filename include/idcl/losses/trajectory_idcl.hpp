#pragma once

#include "idcl/core/check.hpp"
#include "idcl/engine/dense.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/losses/detail/sequences.hpp"
#include "idcl/mining/distances.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/trajectory/torch/soft_dtw.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <ostream>

namespace idcl {

/// Options of `functional::trajectory_idcl_loss` and `TrajectoryIDCLLoss`.
///
///     F::trajectory_idcl_loss(text, audio, mask, TrajectoryIDCLLossOptions().num_neighbors(4));
struct TrajectoryIDCLLossOptions {
  /// K >= 1, positives a dialog; fewer than B - 1, or the loss is zero.
  TORCH_ARG(int64_t, num_neighbors) = 15;
  /// > 0, in units of the divergence per utterance.
  TORCH_ARG(double, temperature) = 0.1;
  /// > 0 and finite: how soft the minimum over alignments is, in the unit of the cost |x_i - y_j|^2.
  TORCH_ARG(double, gamma) = 0.1;
  /// Utterances at unit length, so that costs lie in [0, 4]; or as they are.
  TORCH_ARG(bool, normalize) = true;
  /// `kMean` over the dialogs, `kSum`, `kNone`: [B], or another of `reduction_t`.
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
};

namespace detail {

/// Dialogs by pairs as sequences: soft-DTW divergence over the longer length of both, symmetric [B, B], zero on the diagonal.
inline Tensor divergences(const Sequences& dialogs, double gamma) {
  const auto b = dialogs.rows.size(0);
  const auto pairs = at::triu_indices(b, b, 0, at::kLong);  // [2, P], with each one itself
  const auto i = pairs[0].to(dialogs.rows.device()), j = pairs[1].to(dialogs.rows.device());
  const auto raw = trajectory::detail::soft_dtw_batch(dialogs.rows.index_select(0, i), dialogs.rows.index_select(0, j),
                                                      dialogs.lengths.index_select(0, pairs[0]), dialogs.lengths.index_select(0, pairs[1]),
                                                      gamma, /*divergence=*/false,
                                                      /*composed=*/false);     // [P]
  const auto upper = at::zeros({b, b}, raw.options()).index_put({i, j}, raw);  // [B, B]
  const auto all = upper + upper.triu(1).t(), own = upper.diagonal();
  const auto lengths = dialogs.lengths.to(raw.device(), at::kDouble);
  return (all - (own.unsqueeze(1) + own) / 2) / at::maximum(lengths.unsqueeze(1), lengths);
}

/// The utterances of padding zero, those of the dialogs as they are or of unit length.
inline Sequences dialogs_of(const char* name, const Tensor& rows, const Tensor& lengths, bool normalize) {
  auto dialogs = read_sequences("idcl::trajectory_idcl_loss", name, rows, "lengths", lengths);
  const auto place = at::arange(rows.size(1), dialogs.lengths.options());
  const auto padding = (place >= dialogs.lengths.unsqueeze(1)).to(rows.device());  // [B, L]
  const auto clean = dialogs.rows.masked_fill(padding.unsqueeze(2), 0).to(at::kDouble);
  dialogs.rows = normalize ? similarity::Cosine{}.embed(clean.reshape({-1, rows.size(2)})).view(clean.sizes()) : clean;
  return dialogs;
}

}  // namespace detail

namespace functional {
namespace detail {

inline void check_options(const TrajectoryIDCLLossOptions& options) {
  constexpr auto where = "idcl::trajectory_idcl_loss";
  TORCH_CHECK_VALUE(options.num_neighbors() >= 1, where, ": expected `num_neighbors` >= 1, but got ", options.num_neighbors());
  check::positive(where, "temperature", options.temperature());
  check::positive(where, "gamma", options.gamma());
}

}  // namespace detail

/// IDCL over dialogs as sequences: dialogs that run alike in one modality are pulled together in the other, the order of their
/// utterances and all.
///
///   L = mean_i [ log sum_{j != i} exp(-d_ij / t) - log sum_{j in N(i)} exp(-d_ij / t) ]
///
/// d: soft-DTW divergence of the `target` dialogs i and j, over the longer length of both; N(i): the `num_neighbors` dialogs of least
/// divergence to i in the `anchor`, ties to the lower index. `anchor` gets no gradient.
///
/// anchor: [B, L, D], target: [B, L, E]; lengths: int [B], or a mask bool [B, L], true where there is an utterance; without it all of L.
/// Padding has no influence. Returns a scalar, or [B] for `kNone`; float64 for float64 input, else float32, computed in float64. A batch
/// of none or one gives zero, attached to the graph. Throws on shapes, types and devices that disagree, lengths out of [1, L], options out
/// of range and, on the CPU, on NaN and infinity. Time: O(B^2 L^2 (D + E)); memory: O(B^2 L (D + E)), so for batches of tens of dialogs.
/// Twice differentiable. IDCL 2026, eq. 5, with the divergence of Blondel, Mensch & Vert 2021, eq. 8, in place of the pooled cosine.
inline Tensor trajectory_idcl_loss(const Tensor& anchor, const Tensor& target, const Tensor& lengths,
                                   const TrajectoryIDCLLossOptions& options = {}) {
  constexpr auto where = "idcl::trajectory_idcl_loss";
  detail::check_options(options);
  const engine::NoAutocast guard;
  const auto what = idcl::detail::dialogs_of("target", target, lengths, options.normalize());
  const auto where_from = [&] {
    const at::NoGradGuard no_grad;
    return idcl::detail::dialogs_of("anchor", anchor, lengths, options.normalize());
  }();
  TORCH_CHECK_VALUE(anchor.size(0) == target.size(0) && anchor.size(1) == target.size(1), where, ": expected `anchor` [", target.size(0),
                    ", ", target.size(1), ", D] as `target` is, but got ", anchor.sizes());
  check::alike(where, "target", target, "anchor", anchor);
  const auto b = target.size(0);
  Tile tile{.similarity = b < 2 ? what.rows.sum() * at::zeros({b, b}, what.rows.options())
                                : idcl::detail::divergences(what, options.gamma()).neg()};  // [B, B]
  if (b < 2) {
    mining::Marked{.positives = at::zeros({b, b}, tile.similarity.options().dtype(at::kBool).requires_grad(false))}.mark(tile);
  } else {
    const at::NoGradGuard no_grad;
    const auto distances = idcl::detail::divergences(where_from, options.gamma());
    const Scene scene{.anchors = distances, .references = distances, .self = true};
    mining::DistanceTopK{.distances = distances, .k = options.num_neighbors()}.pair(scene).mark(tile);
  }
  const auto rows = engine::evaluate_tile(objective::InfoNCE{.temperature = options.temperature()}, tile);
  return idcl::detail::reduce(options.reduction(), rows.loss, rows.terms)
      .to(target.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

inline Tensor trajectory_idcl_loss(const Tensor& anchor, const Tensor& target, const TrajectoryIDCLLossOptions& options = {}) {
  return trajectory_idcl_loss(anchor, target, {}, options);
}

}  // namespace functional

/// `functional::trajectory_idcl_loss`, both directions in the mean, as a module: forward(a, b[, lengths]). It has no parameters; options
/// are not saved by `torch::save`.
class TrajectoryIDCLLossImpl : public torch::nn::Cloneable<TrajectoryIDCLLossImpl> {
 public:
  explicit TrajectoryIDCLLossImpl(const TrajectoryIDCLLossOptions& options_ = {}) : options(options_) {
    functional::detail::check_options(options);
  }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::TrajectoryIDCLLoss(num_neighbors=" << options.num_neighbors() << ", temperature=" << options.temperature()
           << ", gamma=" << options.gamma() << std::boolalpha << ", normalize=" << options.normalize()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& a, const Tensor& b, const Tensor& lengths = {}) {
    return (functional::trajectory_idcl_loss(a, b, lengths, options) + functional::trajectory_idcl_loss(b, a, lengths, options)) / 2;
  }

  TrajectoryIDCLLossOptions options;

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())})
};

TORCH_MODULE(TrajectoryIDCLLoss);

}  // namespace idcl
