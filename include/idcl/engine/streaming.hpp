#pragma once

#include "idcl/engine/dense.hpp"
#include "idcl/engine/fused/fold.hpp"
#include "idcl/engine/fused/gradient.hpp"
#include "idcl/engine/listed.hpp"
#include "idcl/engine/second_order.hpp"
#include "idcl/engine/sweep.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <utility>

namespace idcl::engine {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

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

  void mark(Tile& tile, bool apart) const { apart ? pairing.mark_candidates(tile) : pairing.mark(tile); }
};

/// Finishes the job's rows: sweeps the tiles, then lets the listed positives change sides.
template <Objective O>
void fold_rows(Job<O>& job, const Tensor& u, const Tensor& v, const Offsets& offsets) {
  if constexpr (Fusible<O>) {
    if (job.fused) {
      if (!job.swept) fused::fold_all(*job.fused, u, v);
      job.rows = job.objective.from_sums(fused::finished(job.fused->rows, job.fused->places, job.fused->scale));
      if (job.both) job.columns = job.objective.from_sums(fused::finished(job.fused->columns, job.fused->places, job.fused->scale));
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

/// Slopes of the weighted row losses.
struct Slopes {
  Tensor u, v;  ///< where a set is compared with itself, the first is all of it
  Tensor anchor_offset, reference_offset;
};

template <Objective O>
Slopes stream_gradient(Job<O>& job, const Tensor& u, const Tensor& v, const Offsets& offsets, const Tensor& upstream,
                       const Tensor& upstream_columns, bool needs_u, bool needs_v) {
  auto grad_u = needs_u ? at::zeros_like(u) : Tensor();
  auto grad_v = job.shared() ? grad_u : needs_v ? at::zeros_like(v) : Tensor();
  if constexpr (Fusible<O>) {
    if (job.fused) {
      const fused::Weights rows(job.fused->rows, job.objective.row_slopes(job.rows, upstream));
      std::optional<fused::Weights> columns;
      if (job.both) columns.emplace(job.fused->columns, job.objective.row_slopes(job.columns, upstream_columns));
      fused::add_slopes(*job.fused, u, v, rows, columns ? *columns : rows, grad_u, grad_v);
      return {.u = grad_u, .v = job.shared() ? Tensor() : grad_v, .anchor_offset = {}, .reference_offset = {}};
    }
  }
  const auto blocks = job.blocks(u, v, offsets);
  const auto apart = job.apart(v.size(0));
  auto grad_anchors = offsets.anchors ? at::zeros_like(*offsets.anchors) : Tensor();
  auto grad_references = offsets.references ? at::zeros_like(*offsets.references) : Tensor();
  Tensor listed;  // [N, K]
  if constexpr (RevisableObjective<O>) {
    if (apart) listed = listed_gradient(job.objective, job.rows, job.listed, upstream);
  }
  const auto anchor_rows = prepared(job.objective, job.rows, upstream);
  const auto reference_rows = job.both ? prepared(job.objective, job.columns, upstream_columns) : job.columns;
  const auto slopes_of = [&](Tile& tile, const typename O::Rows& rows, const Tensor& weight) {  // dL/ds, [n, m]
    const auto part = slice(rows, tile.row, tile.rows());
    const auto weight_here = weight.narrow(0, tile.row, tile.rows());
    if constexpr (ReadsOffsets<O>) {
      const auto [anchors, references] = job.objective.offset_gradient(part, tile, weight_here);
      if (anchors.defined()) grad_anchors.narrow(0, tile.row, tile.rows()).add_(anchors);
      if (references.defined()) grad_references.narrow(0, tile.col, tile.cols()).add_(references);
    }
    auto slopes = job.objective.gradient(part, tile, weight_here);
    if (apart) add_listed(slopes, tile, job.pairing.listed, listed);
    return slopes;
  };
  for_each_tile(blocks, [&](Tile tile) {
    job.mark(tile, apart);
    auto slopes = slopes_of(tile, anchor_rows, upstream);
    if (job.both) {
      auto other = tile.transposed();
      slopes.add_(slopes_of(other, reference_rows, upstream_columns).t());
    } else if (blocks.mirrored(tile)) {
      auto other = blocks.mirror(tile);
      job.mark(other, apart);
      slopes.add_(slopes_of(other, anchor_rows, upstream).t());
    } else if (job.shared()) {
      slopes = slopes + slopes.t();  // a tile on the diagonal: one product serves its anchors and its references
    }
    if (!job.metric.is_inner()) slopes = slopes * job.metric.slope(tile.similarity);
    if (grad_u.defined()) add_product(grad_u.narrow(0, tile.row, tile.rows()), slopes, v.narrow(0, tile.col, tile.cols()), job.product);
    if (grad_v.defined() && (!job.shared() || blocks.mirrored(tile)))
      add_product(grad_v.narrow(0, tile.col, tile.cols()), slopes.t(), u.narrow(0, tile.row, tile.rows()), job.product);
  });
  return {grad_u, job.shared() ? Tensor() : grad_v, grad_anchors, grad_references};
}

/// The first derivative as a function of its own, so that there is a second one: right where the objective is twice
/// differentiable, a clear error elsewhere. There is no third.
template <Objective O>
struct StreamingGradient : torch::autograd::Function<StreamingGradient<O>> {
  static variable_list forward(AutogradContext* context, const Tensor& u, const Tensor& v, const Tensor& upstream,
                               const Tensor& upstream_columns, const std::optional<Tensor>& anchor_offset,
                               const std::optional<Tensor>& reference_offset, const c10::intrusive_ptr<Job<O>>& job, bool needs_u,
                               bool needs_v) {
    NoAutocast guard;
    context->save_for_backward({u, v, upstream, upstream_columns});
    context->saved_data["job"] = c10::IValue::make_capsule(job);
    const auto slopes = stream_gradient(*job, u, v, {anchor_offset, reference_offset}, upstream, upstream_columns, needs_u, needs_v);
    const auto or_empty = [&](const Tensor& slope) { return slope.defined() ? slope : at::empty({0}, u.options()); };
    return {or_empty(slopes.u), or_empty(slopes.v), or_empty(slopes.anchor_offset), or_empty(slopes.reference_offset)};
  }

  static variable_list backward(AutogradContext* context, variable_list direction) {
    TORCH_CHECK_NOT_IMPLEMENTED(!c10::GradMode::is_enabled(),
                                "idcl: the streaming evaluator has first and second derivatives; for a third use Evaluator::Dense");
    NoAutocast guard;
    const auto holder = context->saved_data["job"].toCapsule();
    const auto& job = static_cast<const Job<O>&>(*holder);
    const auto saved = context->get_saved_variables();
    if constexpr (TwiceDifferentiable<O> && !ReadsOffsets<O>) {
      if (job.metric.is_inner()) {
        auto slopes = second_order(job, saved[0], saved[1], saved[2], saved[3], direction[0], direction[1]);
        slopes.resize(9);
        return slopes;
      }
    }
    TORCH_CHECK_NOT_IMPLEMENTED(
        false, "idcl: this objective and similarity have no second derivative in the streaming evaluator; use Evaluator::Dense");
    return {};  // not reached; a compiler need not see that
  }
};

/// Row losses over S in memory linear in N + M; tiles are computed again in backward.
/// Returns {loss, terms} of the anchors and, where `both`, {loss, terms} of the references.
template <Objective O>
struct Streaming : torch::autograd::Function<Streaming<O>> {
  static variable_list forward(AutogradContext* context, const Tensor& u, const Tensor& v, const std::optional<Tensor>& anchor_offset,
                               const std::optional<Tensor>& reference_offset, const c10::intrusive_ptr<Job<O>>& job) {
    const NoAutocast guard;  // tiles carry their own types: nothing may round a state
    fold_rows(*job, u, v, {anchor_offset, reference_offset});
    context->save_for_backward({u, v, anchor_offset.value_or(Tensor()), reference_offset.value_or(Tensor())});
    context->saved_data["job"] = c10::IValue::make_capsule(job);
    variable_list results;
    const auto finish = [&](const typename O::Rows& rows) {
      // detached: a result that is a member of the state would own, through its graph, the job that owns the state
      results.push_back(job->objective.loss(rows).detach());
      results.push_back(job->objective.terms(rows).detach());
    };
    finish(job->rows);
    if (job->both) finish(job->columns);
    variable_list counts{results[1]};
    if (job->both) counts.push_back(results[3]);
    context->mark_non_differentiable(counts);
    return results;
  }

  static variable_list backward(AutogradContext* context, variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const auto job = c10::static_intrusive_pointer_cast<Job<O>>(context->saved_data["job"].toCapsule());
    const auto needs_u = context->needs_input_grad(0), needs_v = context->needs_input_grad(1);
    const auto given = [](const Tensor& offset) { return offset.defined() ? std::optional(offset) : std::nullopt; };
    const auto slopes = StreamingGradient<O>::apply(saved[0], saved[1], upstream[0], job->both ? upstream[2] : upstream[0], given(saved[2]),
                                                    given(saved[3]), job, needs_u, needs_v);
    return {needs_u ? slopes[0] : Tensor(), needs_v && !job->shared() ? slopes[1] : Tensor(), saved[2].defined() ? slopes[2] : Tensor(),
            saved[3].defined() ? slopes[3] : Tensor(), Tensor()};
  }
};

}  // namespace idcl::engine
