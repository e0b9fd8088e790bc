#pragma once

#include "idcl/engine/job.hpp"
#include "idcl/engine/second_order.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <utility>

namespace idcl::engine {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Slopes of the weighted row losses.
struct Slopes {
  Tensor u, v;  ///< where a set is compared with itself, the first is all of it
  Tensor anchor_offset, reference_offset;
};

template <Objective O>
Slopes stream_gradient(Job<O>& job, const Tensor& u, const Tensor& v, const Offsets& offsets, const Tensor& upstream,
                       const Tensor& upstream_columns, bool needs_u, bool needs_v) {
  if (const auto weight = job.known_slopes_weight(upstream)) {
    const auto [slopes_u, slopes_v] = fused::scaled(*job.fused, *weight);
    return {.u = slopes_u, .v = slopes_v, .anchor_offset = {}, .reference_offset = {}};
  }
  const auto room = [&](const Tensor& x) { return job.fused ? fused::room_for_slopes(*job.fused, x) : zero_slopes(x); };
  const auto grad_u = needs_u ? room(u) : Tensor();
  const auto grad_v = job.shared() ? grad_u : needs_v && !job.has_one_side() ? room(v) : Tensor();
  if constexpr (HasKernels<O>) {
    if (job.fused) {
      auto& task = *job.fused;
      if constexpr (Fusible<O>) {
        const fused::Weights rows(task, task.rows, task.of_rows, upstream);
        const auto columns = job.both ? fused::Weights(task, task.columns, task.of_columns, upstream_columns) : rows;
        fused::add_slopes(logits_of(job.objective), task, u, v, rows, columns, grad_u, grad_v);
      } else {
        fused::add_row_slopes(job.objective, task, u, v, upstream, grad_u, grad_v);
      }
      return {.u = grad_u, .v = job.has_one_side() ? Tensor() : grad_v, .anchor_offset = {}, .reference_offset = {}};
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
    auto job = c10::static_intrusive_pointer_cast<Job<O>>(context->saved_data["job"].toCapsule());
    const auto saved = context->get_saved_variables();
    job->pairing.check_unwritten();
    if constexpr (TwiceDifferentiable<O> && !ReadsOffsets<O>) {
      if (job->metric.is_inner()) {
        if (job->fused) job = unfused(*job, saved[0], saved[1]);
        auto slopes = second_order(*job, saved[0], saved[1], saved[2], saved[3], direction[0], direction[1]);
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
    const auto finish = [&](const typename O::Rows& rows, const fused::Finished* fused) {
      // detached: a result that is a member of the state would own, through its graph, the job that owns the state
      results.push_back((fused ? fused->loss : job->objective.loss(rows)).detach());
      results.push_back((fused ? fused->terms : job->objective.terms(rows)).detach());
    };
    const auto* task = Fusible<O> && job->fused ? &*job->fused : nullptr;
    finish(job->rows, task ? &task->of_rows : nullptr);
    if (job->both) finish(job->columns, task ? &task->of_columns : nullptr);
    variable_list counts{results[1]};
    if (job->both) counts.push_back(results[3]);
    context->mark_non_differentiable(counts);
    context->set_materialize_grads(false);  // nobody reads those of the counts
    return results;
  }

  static variable_list backward(AutogradContext* context, variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const auto job = c10::static_intrusive_pointer_cast<Job<O>>(context->saved_data["job"].toCapsule());
    const auto needs_u = context->needs_input_grad(0), needs_v = context->needs_input_grad(1);
    const auto given = [](const Tensor& offset) { return offset.defined() ? std::optional(offset) : std::nullopt; };
    const auto anchor_offset = given(saved[2]), reference_offset = given(saved[3]);
    const auto& of_columns = job->both ? upstream[2] : upstream[0];
    if (!upstream[0].defined() && !of_columns.defined()) return variable_list(5);
    if (!job->fused) job->pairing.check_unwritten();
    const auto or_zeros = [](const Tensor& weights, const Tensor& others, const Tensor& rows) {
      return weights.defined() ? weights : others.new_zeros({rows.size(0)});
    };
    const auto weights = or_zeros(upstream[0], of_columns, saved[0]), weights_of_columns = or_zeros(of_columns, upstream[0], saved[1]);
    if (!c10::GradMode::is_enabled()) {  // nobody asks for a second derivative, and of a small batch a node shows
      const NoAutocast guard;
      const auto slopes =
          stream_gradient(*job, saved[0], saved[1], {anchor_offset, reference_offset}, weights, weights_of_columns, needs_u, needs_v);
      return {slopes.u, slopes.v, slopes.anchor_offset, slopes.reference_offset, Tensor()};
    }
    const auto slopes = StreamingGradient<O>::apply(saved[0], saved[1], weights, weights_of_columns, anchor_offset, reference_offset, job,
                                                    needs_u, needs_v);
    return {needs_u ? slopes[0] : Tensor(), needs_v && !job->has_one_side() ? slopes[1] : Tensor(), anchor_offset ? slopes[2] : Tensor(),
            reference_offset ? slopes[3] : Tensor(), Tensor()};
  }
};

}  // namespace idcl::engine
