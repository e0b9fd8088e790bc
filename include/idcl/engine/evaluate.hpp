#pragma once

#include "idcl/engine/evaluation.hpp"
#include "idcl/engine/streaming.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace idcl::engine {

/// Fused where that is possible; else dense where the whole matrix is no larger than a few tiles of the smallest size: there a tile saves
/// nothing.
inline Evaluator choose(const Evaluation& evaluation, int64_t rows, int64_t cols, bool fusible = false) {
  TORCH_CHECK(evaluation.workspace_bytes > 0, "idcl: expected `workspace_bytes` > 0, but got ", evaluation.workspace_bytes);
  TORCH_CHECK(evaluation.kept == at::kFloat || evaluation.kept == at::kHalf || evaluation.kept == at::kBFloat16,
              "idcl: expected `kept` to be Float, Half or BFloat16, but got ", evaluation.kept);
  TORCH_CHECK(evaluation.evaluator != Evaluator::Fused || fusible,
              "idcl: expected `evaluator` Auto, Dense or Streaming, but got Fused, and this objective has no fused kernel on this device");
  if (evaluation.evaluator != Evaluator::Auto) return evaluation.evaluator;
  if (fusible) return Evaluator::Fused;
  return rows * cols <= 64 * 64 ? Evaluator::Dense : Evaluator::Streaming;
}

/// Scales of a similarity as those of closeness: close pairs are similar, or at a small distance.
inline LogitScales of_closeness(const LogitScales& scales, const similarity::Metric& metric) {
  return metric.distance ? LogitScales{.repulsion = -scales.repulsion, .attraction = -scales.attraction} : scales;
}

/// Can these rows be compared by the fused kernels: float32 on the CPU, and an objective that has them? Of similarities that are no inner
/// product those that a kernel can follow.
template <Objective O>
bool fuses(const O& objective, const Tensor& u, const Tensor& v, const similarity::Metric& metric = {}) {
  const auto plain = [](const Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; };
  if (!HasKernels<O> || !plain(u) || !plain(v)) return false;
  if (!metric.is_inner() && !metric.curve) return false;
  if constexpr (Fusible<O>) {
    const auto scales = objective.fuses();
    return scales && of_closeness(*scales, metric).repulsion > 0;
  }
  return true;
}

/// `side` as a multiple of the objective's group, if it has one: consecutive references that it has to see together.
template <Objective O>
int64_t whole_groups(const O& objective, int64_t side) {
  if constexpr (requires { objective.group; }) {
    return std::max<int64_t>(1, side / objective.group) * objective.group;
  } else {
    return side;
  }
}

/// Weights are for objectives that honour them: elsewhere they would be lost without a word.
template <Objective O, Pairing P>
void check_weights(const P& pairing) {
  TORCH_CHECK_NOT_IMPLEMENTED(
      honours_weights<O> || !mining::is_weighted(pairing),
      "idcl: expected positives without weights, but got some with, which this objective does not honour (its member `weighted` says so)");
}

/// Rows of a tile, and its columns too unless the objective sees whole rows.
template <Objective O>
int64_t side_of(const O& objective, const Tensor& u, const Tensor& v, bool symmetric, const Evaluation& evaluation) {
  if constexpr (sees_whole_rows<O>()) return tile_height(u.size(0), v.size(0), u.element_size(), evaluation.workspace_bytes);
  return whole_groups(objective, tile_side(u.size(0), v.size(0), symmetric, u.element_size(), evaluation.workspace_bytes));
}

template <Objective O, Pairing P>
c10::intrusive_ptr<Job<O>> make_job(const O& objective, const P& pairing, const Tensor& u, const Tensor& v, bool self, bool both,
                                    const Evaluation& evaluation, const similarity::Metric& metric = {}) {
  const auto side = side_of(objective, u, v, self && metric.symmetric, evaluation);
  return c10::make_intrusive<Job<O>>(objective, mining::any_pairing(pairing), self, metric, both, side, product_type(u, metric));
}

/// Row losses by the job, of anchors and, where `both`, of references.
template <Objective O>
std::pair<RowLosses, RowLosses> stream(const c10::intrusive_ptr<Job<O>>& job, const Tensor& u, const Tensor& v,
                                       const Offsets& offsets = {}) {
  const auto results = Streaming<O>::apply(u, v, offsets.anchors, offsets.references, job);
  return {{results[0], results[1]}, job->both ? RowLosses{results[2], results[3]} : RowLosses{}};
}

/// The bytes that similarities may take of a workspace, of `all` that they would: half of it, where that holds them; of one that was asked
/// to be larger than the default, all but what tiles, sums and lists ever need.
inline int64_t bytes_to_keep(int64_t workspace_bytes, int64_t all) {
  constexpr int64_t others = int64_t{16} << 20;
  if (all <= workspace_bytes / 2) return all;
  return workspace_bytes > Evaluation{}.workspace_bytes ? std::min(all, workspace_bytes - others) : 0;
}

/// What the fused kernels, compiled for `isa`, need to know. Where there is to be a backward, forward keeps as many similarities for it
/// as the workspace holds; or, where it holds but some of them, takes the slopes itself if it can.
template <Objective O>
fused::Task fused_task(const O& objective, mining::Places places, const Tensor& u, const Tensor& v, bool self, bool both,
                       const Evaluation& evaluation, const similarity::Metric& metric = {}, simd::Isa isa = simd::widest()) {
  LogitScales scales{1, 1};
  if constexpr (Fusible<O>) scales = of_closeness(*objective.fuses(), metric);
  const auto n = u.size(0), m = v.size(0);
  const bool symmetric = self && metric.symmetric;
  const bool differentiated = c10::GradMode::is_enabled() && (u.requires_grad() || v.requires_grad());
  const auto product = product_type(u, metric);
  const auto kept_type = product == at::kFloat ? evaluation.kept : product;
  const auto workspace_bytes = evaluation.workspace_bytes;
  const auto one = fused::Plan::of_one(n, m);
  // whole rows make no use of symmetry tile by tile, but their slopes do once all are there
  const auto bytes_of_one = one.tile_floats() * static_cast<int64_t>(u.element_size());
  const bool mirrored = FusibleRows<O> && symmetric && differentiated && bytes_to_keep(workspace_bytes, bytes_of_one) == bytes_of_one;
  const auto plan = mirrored         ? one
                    : FusibleRows<O> ? fused::Plan::of_rows(n, m, workspace_bytes)
                                     : fused::Plan::of(n, m, symmetric, workspace_bytes);
  const auto tile_bytes = std::max<int64_t>(plan.tile_floats() * static_cast<int64_t>(c10::elementSize(kept_type)), 1);
  const auto held = differentiated ? bytes_to_keep(workspace_bytes, plan.tiles() * tile_bytes) / tile_bytes : 0;
  const bool eager = takes_slopes_early<O> && differentiated && held < plan.tiles();
  fused::Task task{.scales = scales,
                   .plan = plan,
                   .both = both,
                   .one_side = symmetric,
                   .room = eager ? 0 : held * plan.tile_floats(),
                   .eager = eager,
                   .mirrored = mirrored,
                   .isa = isa,
                   .metric = metric,
                   .product = product,
                   .kept_type = kept_type};
  task.place(std::move(places));
  return task;
}

/// Where the positives are, if the fused kernels are to go through these pairs.
template <Objective O>
std::optional<mining::Places> fusible_places(const O& objective, const mining::AnyPairing& pairing, const Tensor& u, const Tensor& v,
                                             const Evaluation& evaluation, const similarity::Metric& metric) {
  const bool wanted = evaluation.evaluator == Evaluator::Auto || evaluation.evaluator == Evaluator::Fused;
  if (!wanted || !pairing.places || pairing.weighted || !fuses(objective, u, v, metric)) return {};
  auto places = pairing.places(u.size(0), v.size(0));
  if constexpr (wants_single_positive<O>) {
    if (places.most() > 1) return {};
  }
  if constexpr (FusibleRows<O>) {
    if (!objective.fuses_rows(places.most())) return {};
  }
  return places;
}

/// `stream` by the fused kernels, for rows that `fuses`.
template <HasKernels O>
std::pair<RowLosses, RowLosses> fuse(const O& objective, const mining::AnyPairing& pairing, mining::Places places, const Tensor& u,
                                     const Tensor& v, bool self, bool both, const Evaluation& evaluation, const similarity::Metric& metric,
                                     simd::Isa isa = simd::widest()) {
  const auto job = make_job(objective, pairing, u, v, self, both, evaluation, metric);
  job->fused = fused_task(objective, std::move(places), u, v, self, both, evaluation, metric, isa);
  return stream(job, u, v);
}

/// Row losses of embedded anchors u [N, E] against embedded references v [M, E].
template <Objective O, Pairing P>
RowLosses evaluate(const O& objective, const P& pairing, const Tensor& u, const Tensor& v, bool self, const Evaluation& evaluation,
                   const similarity::Metric& metric = {}, const Offsets& offsets = {}) {
  check_weights<O>(pairing);
  const auto any = mining::any_pairing(pairing);
  auto places = fusible_places(objective, any, u, v, evaluation, metric);
  const auto evaluator = choose(evaluation, u.size(0), v.size(0), places.has_value());
  if (evaluator == Evaluator::Dense) return dense(objective, pairing, u, v, metric, offsets);
  if constexpr (HasKernels<O>) {
    if (evaluator == Evaluator::Fused)
      return fuse(objective, any, *std::move(places), u, v, self, /*both=*/false, evaluation, metric).first;
  }
  return stream(make_job(objective, any, u, v, self, /*both=*/false, evaluation, metric), u, v, offsets).first;
}

/// Row losses of the anchors and of the references, each against the other set, from the same tiles.
template <Objective O, Pairing P>
std::pair<RowLosses, RowLosses> evaluate_both(const O& objective, const P& pairing, const Tensor& u, const Tensor& v,
                                              const Evaluation& evaluation, const similarity::Metric& metric = {}) {
  check_weights<O>(pairing);
  static_assert(!sees_whole_rows<O>(),
                "idcl: this objective sees whole rows, which both directions cannot have of one tile: evaluate each on its own");
  const auto any = mining::any_pairing(pairing);
  // what is listed for anchors says nothing of references, and those may have more than one positive
  const bool likely = Fusible<O> && !any.listed.defined() && !wants_single_positive<O>;
  auto places = likely ? fusible_places(objective, any, u, v, evaluation, metric) : std::nullopt;
  if (places && !places->mutual) places.reset();
  const auto evaluator = choose(evaluation, u.size(0), v.size(0), places.has_value());
  if (evaluator == Evaluator::Dense) {
    const auto tile = whole_tile(pairing, u, v, metric);
    return {evaluate_tile(objective, tile), evaluate_tile(objective, tile.transposed())};
  }
  if constexpr (Fusible<O>) {
    if (evaluator == Evaluator::Fused)
      return fuse(objective, any, *std::move(places), u, v, /*self=*/false, /*both=*/true, evaluation, metric);
  }
  return stream(make_job(objective, any, u, v, /*self=*/false, /*both=*/true, evaluation, metric), u, v);
}

/// The pairs that a miner finds in a scene; similarities it needs are swept once, under no grad.
template <Miner M>
auto mine(const M& miner, const Scene& scene, const Evaluation& evaluation) {
  const at::NoGradGuard no_grad;
  if constexpr (DirectMiner<M>) {
    return miner.pair(scene);
  } else {
    const NoAutocast guard;
    const auto elsewhere = scene.place.defined();
    const auto& u = elsewhere ? scene.place : scene.anchors;
    const auto& v = elsewhere ? scene.place : scene.references;
    const auto fold = miner.fold(scene);
    auto rows = fold.begin(u.size(0), u.options());
    const Blocks blocks{.u = u.detach(),
                        .v = v.detach(),
                        .symmetric = scene.self,
                        .side = tile_side(u.size(0), v.size(0), scene.self, u.element_size(), evaluation.workspace_bytes),
                        .product = u.scalar_type()};
    for (int pass = 0; pass < fold.passes; ++pass) sweep(blocks, pass, [](Tile&) {}, Sweeper{fold, rows});
    return miner.pair(scene, rows);
  }
}

}  // namespace idcl::engine
