#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/losses/detail/options.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/negative_log_sum.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <ostream>

namespace idcl {

/// Options of `functional::info_nce_loss` and `InfoNCELoss`.
///
///     F::info_nce_loss(query, key, InfoNCELossOptions().temperature(0.1).symmetric(true));
///     F::info_nce_loss(query, positive_key, negative_keys, InfoNCELossOptions().in_batch_negatives(true));
struct InfoNCELossOptions {
  /// > 0 and finite, in units of similarity.
  TORCH_ARG(double, temperature) = 0.07;
  /// Compare by cosine; false: by the inner product of the rows as they are.
  TORCH_ARG(bool, normalize) = true;
  /// Mean of both directions, query to key and key to query, from the same products.
  TORCH_ARG(bool, symmetric) = false;
  /// With negative keys given: are the other keys of the batch negatives too? Without any they are the negatives.
  TORCH_ARG(bool, in_batch_negatives) = false;
  /// `kMean` over queries, `kSum`, or `kNone`: [N].
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  /// How it is evaluated; the value is the same.
  TORCH_ARG(Evaluator, evaluator) = Evaluator::Auto;
  /// > 0, bytes that streaming may hold beyond inputs and gradients.
  TORCH_ARG(int64_t, workspace_bytes) = int64_t{32} << 20;
};

namespace functional {
namespace detail {

inline void check_options(const InfoNCELossOptions& options) {
  check::positive("idcl::info_nce_loss", "temperature", options.temperature());
}

inline void check_towers(const Tensor& query, const char* key_name, const Tensor& key) {
  check::rows("idcl::info_nce_loss", "query", query);
  check::comparable("idcl::info_nce_loss", "query", query, key_name, key);
  check::views("idcl::info_nce_loss", "query", query, key_name, key);
}

inline void check_negative_keys(const Tensor& query, const Tensor& keys) {
  constexpr auto where = "idcl::info_nce_loss";
  const auto n = query.size(0), width = query.size(1);
  TORCH_CHECK(keys.defined(), where, ": expected `negative_keys` to be a tensor, but got an undefined tensor");
  TORCH_CHECK_VALUE((keys.dim() == 2 || (keys.dim() == 3 && keys.size(0) == n)) && keys.size(-1) == width, where,
                    ": expected `negative_keys` to be [K, ", width, "], shared, or [", n, ", K, ", width,
                    "], a set for each query, but got ", keys.sizes());
  check::alike(where, "query", query, "negative_keys", keys);
}

/// Rows of one set against all rows of another, every pair a negative.
struct EveryPair {
  void mark(Tile& tile) const { tile.candidate = PairSet::all(); }
  mining::Places places(int64_t n, int64_t /*m*/) const { return mining::Places::none(n, /*skips_self=*/false); }
};

/// log sum_k exp(s_ik / t) over the given negative keys: [N].
template <Similarity S>
Tensor given_negatives(const S& similarity, const Tensor& u, const Tensor& keys, double temperature, const Evaluation& evaluation) {
  if (keys.dim() == 2)
    return engine::evaluate(objective::NegativeLogSum{.scale = 1 / temperature}, EveryPair{}, u, similarity.embed(keys), /*self=*/false,
                            evaluation)
        .loss;
  const auto v = similarity.embed(keys.reshape({-1, keys.size(2)})).view(keys.sizes());                                     // [N, K, D]
  return objective::log_sum_exp(idcl::similarity::at_least_float(at::matmul(v, u.unsqueeze(2)).squeeze(2)) / temperature);  // [N]
}

/// -log( e^p / (e^p + e^n) ), [N], a term a row: exact where it vanishes.
inline engine::RowLosses pick_positive(const Tensor& positive, const Tensor& negatives) {
  return {at::log_sigmoid(positive - negatives).neg(), at::ones_like(positive, positive.options().requires_grad(false))};
}

}  // namespace detail

/// InfoNCE of two towers: each query is to find its own key among all keys of the batch.
///
///   L = mean_i [ log sum_j exp(s_ij / t) - s_ii / t ]          s: cosine, or inner product with `normalize(false)`
///
/// query, key: [N, D], row i of one belongs to row i of the other. Returns a scalar, or [N] for `kNone`; float64 for float64 input,
/// else float32. No rows give zero. Throws on shapes, types and devices that disagree and on a temperature out of range.
/// Time: 8 N^2 D FLOPs, also when symmetric; memory: O(N D) and the workspace. Twice differentiable.
/// van den Oord et al. 2018, eq. 4.
inline Tensor info_nce_loss(const Tensor& query, const Tensor& key, const InfoNCELossOptions& options = {}) {
  detail::check_options(options);
  detail::check_towers(query, "key", key);
  const objective::InfoNCE objective{.temperature = options.temperature()};
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  return idcl::detail::with_similarity(options.normalize(), [&](auto similarity) {
    return idcl::detail::with_reduction(options.reduction(), [&](auto reduction) {
      const ContrastiveLoss loss{similarity, mining::Diagonal{}, objective, reduction, evaluation};
      return options.symmetric() ? loss.symmetric(query, key) : loss(query, key);
    });
  });
}

/// InfoNCE against given negatives: each query is to find its positive key among them.
///
///   L = mean_i [ log( exp(s_i / t) + sum_k exp(s_ik / t) ) - s_i / t ]          s_i: query i with its positive key, s_ik: with a negative
///
/// query, positive_key: [N, D]; negative_keys: [K, D], shared by all queries, or [N, K, D], each query's own. They stand instead of the
/// batch's other keys, or with `in_batch_negatives(true)` beside them. With `symmetric(true)` the loss is the mean of this and of the
/// other direction, each key against the queries of the batch: a negative key is nothing to a key. Returns a scalar, or [N] for `kNone`;
/// float64 for float64 input, else float32. No negative gives zero. Throws as above, and on negative keys of another shape. Time:
/// 8 N K D FLOPs for shared keys and 8 N^2 D where the batch counts too; memory: O((N + K) D) and the workspace, O(N K D) for
/// keys of each query. Twice differentiable.
inline Tensor info_nce_loss(const Tensor& query, const Tensor& positive_key, const Tensor& negative_keys,
                            const InfoNCELossOptions& options = {}) {
  detail::check_options(options);
  detail::check_towers(query, "positive_key", positive_key);
  detail::check_negative_keys(query, negative_keys);
  const Evaluation evaluation{.evaluator = options.evaluator(), .workspace_bytes = options.workspace_bytes()};
  const objective::NegativeLogSum negatives{.scale = 1 / options.temperature()};
  return idcl::detail::with_similarity(options.normalize(), [&](auto similarity) {
    const auto u = similarity.embed(query), v = similarity.embed(positive_key);
    const auto positive = (u * v).sum(1) / options.temperature();                                             // [N]
    auto against = detail::given_negatives(similarity, u, negative_keys, options.temperature(), evaluation);  // [N]
    Tensor of_keys;                                                                                           // [N]
    if (options.symmetric()) {
      const auto [rows, columns] = engine::evaluate_both(negatives, mining::Diagonal::Pairs{}, u, v, evaluation);
      if (options.in_batch_negatives()) against = at::logaddexp(against, rows.loss);
      of_keys = columns.loss;
    } else if (options.in_batch_negatives()) {
      against = at::logaddexp(against, engine::evaluate(negatives, mining::Diagonal::Pairs{}, u, v, /*self=*/false, evaluation).loss);
    }
    return idcl::detail::with_reduction(options.reduction(), [&](auto reduction) {
      const auto loss_of = [&](const Tensor& log_sum) {
        const auto rows = detail::pick_positive(positive, log_sum);
        return reduction(rows.loss, rows.terms);
      };
      return of_keys.defined() ? (loss_of(against) + loss_of(of_keys)) / 2 : loss_of(against);
    });
  });
}

}  // namespace functional

/// `functional::info_nce_loss` as a module: forward(query, key), or forward(query, positive_key, negative_keys). It has no parameters; options are not saved by `torch::save`.
class InfoNCELossImpl : public torch::nn::Cloneable<InfoNCELossImpl> {
 public:
  explicit InfoNCELossImpl(const InfoNCELossOptions& options_ = {}) : options(options_) { functional::detail::check_options(options); }

  void reset() override {}

  void pretty_print(std::ostream& stream) const override {
    stream << std::boolalpha << "idcl::InfoNCELoss(temperature=" << options.temperature() << ", normalize=" << options.normalize()
           << ", symmetric=" << options.symmetric() << ", in_batch_negatives=" << options.in_batch_negatives()
           << ", reduction=" << detail::name_of(options.reduction()) << ")";
  }

  Tensor forward(const Tensor& query, const Tensor& key, const Tensor& negative_keys = {}) {
    return negative_keys.defined() ? functional::info_nce_loss(query, key, negative_keys, options)
                                   : functional::info_nce_loss(query, key, options);
  }

  InfoNCELossOptions options;

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())})
};

TORCH_MODULE(InfoNCELoss);

}  // namespace idcl
