#pragma once

#include "idcl/engine/dense.hpp"
#include "idcl/engine/fused/fold.hpp"
#include "idcl/engine/fused/pairs.hpp"
#include "idcl/engine/fused/rows.hpp"
#include "idcl/engine/listed.hpp"
#include "idcl/engine/sweep.hpp"
#include "idcl/objective/kernels.hpp"

#include <ATen/core/ivalue.h>

#include <optional>
#include <utility>

namespace idcl::engine {

/// What one streamed evaluation is about, and the finished rows that its backward needs.
template <Objective O>
struct Job : torch::CustomClassHolder {
  O objective;
  mining::AnyPairing pairing;
  bool self;  ///< one set with itself
  similarity::Metric metric;
  bool both;     ///< two sets, and the references are anchors too: their losses come from the same tiles
  int64_t side;  ///< of a tile; its height, where the objective sees whole rows
  at::ScalarType product;
  typename O::Rows rows{};             ///< state of the anchors
  typename O::Rows columns{};          ///< state of the references, where `both`
  Tensor listed{};                     ///< similarities of listed positives, [N, K]; undefined where positives are marked in the tiles
  bool swept = false;                  ///< the rows come swept already, but for listed positives, by a sweep that served others too
  std::optional<fused::Task> fused{};  ///< hand-written kernels go through the tiles, where there are some
  bool saturated = false;              ///< listed positives are nearly all of some row: they cannot be told from the rest afterwards

  Job(O o, mining::AnyPairing p, bool self, similarity::Metric m, bool both, int64_t side, at::ScalarType product)
      : objective(std::move(o)), pairing(std::move(p)), self(self), metric(std::move(m)), both(both), side(side), product(product) {}

  /// Are u and v one tensor, so that its gradient is gathered in one place?
  bool shared() const { return self && metric.is_inner() && !sees_whole_rows<O>(); }

  /// Are all slopes given as those of the anchors?
  bool has_one_side() const { return shared() || (fused && fused->one_side); }

  Blocks blocks(const Tensor& u, const Tensor& v, const Offsets& offsets = {}) const {
    constexpr bool whole_rows = sees_whole_rows<O>();
    return {.u = u,
            .v = v,
            .symmetric = self && metric.symmetric && !whole_rows,
            .side = side,
            .whole_rows = whole_rows,
            .product = product,
            .metric = metric,
            .anchor_offset = offsets.anchors.value_or(Tensor()),
            .reference_offset = offsets.references.value_or(Tensor())};
  }

  /// Are the positives few and listed, so that tiles go without their mask? Not where they are all there is: one mask for both
  /// sums makes the constant loss exactly constant.
  bool apart(int64_t references) const {
    if constexpr (RevisableObjective<O>) {
      return pairing.listed.defined() && O::passes == 1 && !both && !saturated && pairing.listed.size(1) + (self ? 1 : 0) < references;
    } else {
      return false;
    }
  }

  /// What the slopes that forward took are times to be those that backward asks for; nothing where there are none, or others.
  std::optional<float> known_slopes_weight(const Tensor& upstream) const {
    if (!fused || !fused->eager) return {};
    return fused::common_weight(upstream, is_flat_at_zero<O> ? objective.loss(rows) : Tensor());
  }

  void mark(Tile& tile, bool apart) const { apart ? pairing.mark_candidates(tile) : pairing.mark(tile); }
};

/// Finishes the job's rows: sweeps the tiles, then lets the listed positives change sides.
template <Objective O>
void fold_rows(Job<O>& job, const Tensor& u, const Tensor& v, const Offsets& offsets) {
  if constexpr (Fusible<O>) {
    if (job.fused) {
      auto& task = *job.fused;
      if (!job.swept) fused::fold_all(logits_of(job.objective), task, u, v);
      task.of_rows = fused::finish(job.objective, task.scales, task.rows, task.places);
      if (job.both) task.of_columns = fused::finish(job.objective, task.scales, task.columns, task.places);
      return;
    }
  }
  if constexpr (FusiblePairs<O> || FusibleRows<O>) {
    if (job.fused) {
      job.rows = fused::fold_rows(job.objective, *job.fused, u, v);
      return;
    }
  }
  const auto blocks = job.blocks(u, v, offsets);
  const auto mark = [&](Tile& tile) { job.mark(tile, job.apart(v.size(0))); };
  if constexpr (RevisableObjective<O>) {
    if (job.apart(v.size(0))) {
      const Pick pick{job.pairing.listed};
      if (job.swept) {
        job.listed = listed_similarities(u, v, pick.list);  // of inner products: other similarities are never swept ahead
      } else {
        auto picked = pick.begin(u.size(0), u.options());
        job.rows = job.objective.begin(u.size(0), u.options());
        sweep(blocks, 0, mark, Sweeper{job.objective, job.rows}, Sweeper{pick, picked});
        job.listed = picked.similarities;
      }
      job.saturated = settle(job.objective, job.rows, job.listed).any().template item<bool>();
      if (!job.saturated) return;
    }
  }
  job.rows = job.objective.begin(u.size(0), u.options());
  if (job.both) job.columns = job.objective.begin(v.size(0), v.options());
  for (int pass = 0; pass < O::passes; ++pass) {
    if (!job.both) {
      sweep(blocks, pass, mark, Sweeper{job.objective, job.rows});
      finish_pass(job.objective, job.rows, pass);
      continue;
    }
    for_each_tile(blocks, [&](Tile tile) {
      mark(tile);
      fold_tile(job.objective, job.rows, tile, pass);
      fold_tile(job.objective, job.columns, tile.transposed(), pass);
    });
    finish_pass(job.objective, job.rows, pass);
    finish_pass(job.objective, job.columns, pass);
  }
}

/// The same job without kernels, its rows finished: a second derivative reads them.
template <Objective O>
c10::intrusive_ptr<Job<O>> unfused(const Job<O>& job, const Tensor& u, const Tensor& v) {
  auto plain = c10::make_intrusive<Job<O>>(job.objective, job.pairing, job.self, job.metric, job.both, job.side, job.product);
  fold_rows(*plain, u, v, {});
  return plain;
}

}  // namespace idcl::engine
