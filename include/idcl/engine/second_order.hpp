#pragma once

#include "idcl/engine/tiles.hpp"
#include "idcl/objective/objective.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <tuple>
#include <vector>

namespace idcl::engine {

namespace detail {

/// The tensors of a state as leaves of a graph of their own.
template <class Rows>
std::vector<Tensor> as_leaves(Rows& rows) {
  std::vector<Tensor> leaves;
  std::apply([&](auto&... member) { ((member = member.detach().requires_grad_(), leaves.push_back(member)), ...); }, rows.members());
  return leaves;
}

/// Adds gradients, some of them absent, to the members of a slice of a state.
template <class Rows>
void accumulate(Rows into, const std::vector<Tensor>& slopes) {
  std::size_t next = 0;
  const auto add = [&](Tensor& member) {
    if (const auto& slope = slopes[next++]; slope.defined()) member.add_(slope);
  };
  std::apply([&](auto&... member) { (add(member), ...); }, into.members());
}

template <class Rows>
Rows zeros_like(Rows rows) {
  std::apply([](auto&... member) { ((member = at::zeros_like(member)), ...); }, rows.members());
  return rows;
}

}  // namespace detail

/// The derivative of <a, dL/du> + <b, dL/dv> = sum_ij g_ij t_ij with respect to u, v and both upstream slopes, where g = dL/ds and
/// t_ij = <a_i, v_j> + <u_i, b_j>. Two sweeps: the first gathers what g owes to each row's state and upstream slope, the second
/// carries that back to s. In a self-comparison v is u and b is a. Memory as in the first derivative.
template <class Job>
std::vector<Tensor> second_order(const Job& job, const Tensor& u, const Tensor& v, const Tensor& upstream, const Tensor& upstream_columns,
                                 const Tensor& a, const Tensor& direction_v) {
  const auto& objective = job.objective;
  const auto blocks = job.blocks(u, v);
  const auto type = u.scalar_type();  // of products: nothing is rounded here
  const auto given = [](const Tensor& direction, const Tensor& like) {
    return direction.defined() && direction.sizes() == like.sizes() ? direction : at::zeros_like(like);
  };
  const auto at_u = given(a, u), at_v = job.self ? at_u : given(direction_v, v);

  struct Side {
    typename std::decay_t<decltype(job.rows)> rows, slopes;
    Tensor upstream, upstream_slope;
  };
  const auto side_of = [&](const auto& rows, const Tensor& weight) {
    return Side{rows, detail::zeros_like(rows), weight, at::zeros_like(weight, weight.options(), at::MemoryFormat::Contiguous)};
  };
  auto anchors = side_of(job.rows, upstream);
  auto references = job.both ? side_of(job.columns, upstream_columns) : anchors;

  // g of one tile as a graph over (similarity, upstream, state), and its inner product with t
  const auto differentiate = [&](Tile& tile, const Side& side, const Tensor& t, bool with_state) {
    const at::AutoGradMode grad(true);
    tile.similarity = tile.similarity.detach().requires_grad_();
    auto state = slice(side.rows, tile.row, tile.rows());
    auto leaves = detail::as_leaves(state);
    leaves.insert(leaves.begin(), side.upstream.narrow(0, tile.row, tile.rows()).detach().requires_grad_());
    const auto g = objective.gradient(state, tile, leaves[0]);
    const auto wanted = with_state ? leaves : std::vector<Tensor>{tile.similarity};
    auto slopes = torch::autograd::grad({(g * t).sum()}, wanted, {}, std::nullopt, /*create_graph=*/false, /*allow_unused=*/true);
    return std::pair{g.detach(), slopes};
  };
  const auto both_sides = [&](Tile tile, const auto& visit) {
    const auto n = tile.rows(), m = tile.cols();
    const auto t = at::empty({n, m}, u.options().requires_grad(false));
    put_product(t, part(at_u, tile.row, n), part(v, tile.col, m), type);
    add_product(t, part(u, tile.row, n), turned(part(at_v, tile.col, m)), type);
    job.pairing.mark(tile);
    auto other = job.both ? tile.transposed() : blocks.mirror(tile);
    visit(tile, anchors, t, false);
    if (job.both) return visit(other, references, t.t(), true);
    if (!blocks.mirrored(tile)) return;
    job.pairing.mark(other);
    visit(other, anchors, t.t(), true);
  };

  for_each_tile(blocks, [&](const Tile& tile) {
    both_sides(tile, [&](Tile& seen, Side& side, const Tensor& t, bool) {
      auto slopes = differentiate(seen, side, t, /*with_state=*/true).second;
      if (slopes[0].defined()) side.upstream_slope.narrow(0, seen.row, seen.rows()).add_(slopes[0]);
      slopes.erase(slopes.begin());
      detail::accumulate(slice(side.slopes, seen.row, seen.rows()), slopes);
    });
  });

  const auto grad_u = zero_slopes(u), grad_v = job.self ? grad_u : zero_slopes(v);
  for_each_tile(blocks, [&](const Tile& tile) {
    Tensor g, h;  // dL/ds, and the derivative of sum g t with respect to s: [n, m]
    both_sides(tile, [&](Tile& seen, Side& side, const Tensor& t, bool transposed) {
      auto [first, slopes] = differentiate(seen, side, t, /*with_state=*/false);
      seen.similarity = seen.similarity.detach();
      auto second = objective.pull(slice(side.rows, seen.row, seen.rows()), seen, slice(side.slopes, seen.row, seen.rows()));
      if (slopes[0].defined()) second = second + slopes[0];
      g = transposed ? g + first.t() : first;
      h = transposed ? h + second.t() : second;
    });
    const auto row = tile.row, col = tile.col, n = tile.rows(), m = tile.cols();
    add_product(part(grad_u, row, n), h, part(v, col, m), type);
    add_product(part(grad_u, row, n), g, part(at_v, col, m), type);
    add_product(part(grad_v, col, m), turned(h), part(u, row, n), type);
    add_product(part(grad_v, col, m), turned(g), part(at_u, row, n), type);
  });
  return {grad_u, job.self ? Tensor() : grad_v, anchors.upstream_slope, job.both ? references.upstream_slope : Tensor()};
}

}  // namespace idcl::engine
