#pragma once

#include "idcl/engine/evaluate.hpp"
#include "idcl/engine/fused/settle.hpp"

#include <algorithm>
#include <utility>

namespace idcl::engine {

/// Two views of one set, each the other's mining ground, by the fused kernels: every similarity is multiplied out once, for its own loss
/// and for the other's mining. What is kept of them is folded when its positives are known; else all are taken for negatives at first.
template <FoldingMiner M, Fusible O>
std::pair<RowLosses, RowLosses> crossed_fused(const M& miner, const O& objective, const Tensor& u, const Tensor& v, const Scene& in_u,
                                              const Scene& in_v, const Evaluation& evaluation) {
  auto half = evaluation;
  half.workspace_bytes = std::max<int64_t>(evaluation.workspace_bytes / 2, 1);
  const auto sweep_view = [&](const Tensor& x, const Scene& scene) {
    const auto fold = miner.fold(scene);
    auto mined = fold.begin(x.size(0), x.options());
    const bool skips_self = miner.pair(scene, mined).places(0, 0).skips_self;
    auto task = fused_task(objective, mining::Places::none(x.size(0), skips_self), x, x, /*self=*/true, /*both=*/false, half);
    const at::NoGradGuard no_grad;
    const NoAutocast guard;
    const auto rows = x.detach();
    const auto look = [&](const fused::Place& place, const Tensor& memory) {
      const Tile tile{.similarity = fused::unskipped(place, memory), .row = place.first_row(), .col = place.first_col()};
      fold_tile(fold, mined, tile, 0);
      if (!place.on_diagonal()) fold_tile(fold, mined, tile.transposed(), 0);
    };
    task.keeps_all() ? fused::for_each_product(task, rows, rows, look) : fused::fold_all(PlainLogits{}, task, rows, rows, look);
    return std::pair{std::move(task), mining::any_pairing(miner.pair(scene, mined))};
  };
  auto [task_u, pairs_v] = sweep_view(u, in_u);
  auto [task_v, pairs_u] = sweep_view(v, in_v);

  const auto finish = [&](const Tensor& x, const mining::AnyPairing& pairs, fused::Task& task) -> RowLosses {
    const auto job = make_job(objective, pairs, x, x, /*self=*/true, /*both=*/false, evaluation);
    task.place(pairs.places(x.size(0), x.size(0)));
    job->swept = !task.keeps_all();
    job->fused = std::move(task);
    if (job->swept) fused::settle(*job->fused, x.detach());
    return stream(job, x, x).first;
  };
  return {finish(u, pairs_u, task_u), finish(v, pairs_v, task_v)};
}

/// Two views of one set, each the other's mining ground: row losses of u with positives mined in v, and of v with positives mined
/// in u. One sweep of each view's similarities serves its own loss and the other's mining; the positives, unknown until both
/// sweeps are done, change sides afterwards.
template <FoldingMiner M, RevisableObjective O>
std::pair<RowLosses, RowLosses> crossed(const M& miner, const O& objective, const Tensor& u, const Tensor& v,
                                        const Evaluation& evaluation) {
  const Scene in_u{.anchors = v, .references = v, .self = true, .place = u}, in_v{.anchors = u, .references = u, .self = true, .place = v};
  using Pairs = decltype(miner.pair(in_u, miner.fold(in_u).begin(int64_t{}, u.options())));
  const bool fusible = Fusible<O> && has_plain_logits<O> && PlacedPairing<Pairs> && fuses(objective, u, u) && fuses(objective, v, v);
  const auto evaluator = choose(evaluation, u.size(0), u.size(0), fusible);
  const auto rounded = product_type(u) != u.scalar_type();  // mining ranks in full precision, the loss need not
  if constexpr (Fusible<O> && has_plain_logits<O> && PlacedPairing<Pairs>) {
    if (evaluator == Evaluator::Fused && !rounded) return crossed_fused(miner, objective, u, v, in_u, in_v, evaluation);
  }
  if (evaluator == Evaluator::Dense || rounded) {
    return {evaluate(objective, mine(miner, in_v, evaluation), u, u, true, evaluation),
            evaluate(objective, mine(miner, in_u, evaluation), v, v, true, evaluation)};
  }

  const auto sweep_view = [&](const Tensor& rows, const Scene& scene) {
    const at::NoGradGuard no_grad;
    const NoAutocast guard;
    const auto fold = miner.fold(scene);
    auto mined = fold.begin(rows.size(0), rows.options());
    auto state = objective.begin(rows.size(0), rows.options());
    const Blocks blocks{.u = rows.detach(),
                        .v = rows.detach(),
                        .symmetric = true,
                        .side = tile_side(rows.size(0), rows.size(0), true, rows.element_size(), evaluation.workspace_bytes),
                        .product = rows.scalar_type()};
    const auto unlisted = miner.pair(scene, mined);
    sweep(blocks, 0, [&](Tile& tile) { unlisted.mark_candidates(tile); }, Sweeper{fold, mined}, Sweeper{objective, state});
    return std::pair{state, miner.pair(scene, mined)};
  };
  const auto [rows_u, pairs_v] = sweep_view(u, in_u);
  const auto [rows_v, pairs_u] = sweep_view(v, in_v);

  const auto finish = [&](const Tensor& x, const auto& pairs, const auto& rows) -> RowLosses {
    auto job = make_job(objective, pairs, x, x, /*self=*/true, /*both=*/false, evaluation);
    job->swept = job->apart(x.size(0));
    if (job->swept) job->rows = rows;
    const auto results = Streaming<O>::apply(x, x, std::nullopt, std::nullopt, job);
    return RowLosses{results[0], results[1]};
  };
  return {finish(u, pairs_u, rows_u), finish(v, pairs_v, rows_v)};
}

}  // namespace idcl::engine
