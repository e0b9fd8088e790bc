#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/detail/listing.hpp"
#include "idcl/mining/nearest.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace idcl::metrics {

/// Options of `retrieval`.
struct RetrievalOptions {
  static constexpr auto name = "idcl::metrics::retrieval";
  /// The references begin with the queries, and none finds itself.
  bool ref_includes_query = false;
  /// What ranks the references.
  similarity::Any similarity = similarity::Euclidean{.normalize = false};
  /// > 0, bytes held beyond inputs, row states and result.
  int64_t workspace_bytes = int64_t{32} << 20;
};

/// How well each query's own class comes first among the references, [N] each, and means over the queries that have a relevant reference
/// at all: NaN if none has.
struct Retrieval {
  Tensor relevant;                ///< int64: references with the query's label, R
  Tensor first_rank;              ///< int64 >= 1: the rank of the first of them; 0 where there is none
  Tensor precision_at_r;          ///< float64: the share of them among the first R
  Tensor average_precision_at_r;  ///< float64: the mean over the ranks k <= R, precision at k where k is relevant and 0 elsewhere

  double precision_at_1() const { return recall_at(1); }
  /// The share of queries with a relevant reference among their first k, k >= 1.
  double recall_at(int64_t k) const {
    TORCH_CHECK_VALUE(k >= 1, "idcl::metrics::Retrieval::recall_at: expected `k` >= 1, but got ", k);
    return mean(first_rank.ge(1).logical_and(first_rank.le(k)).to(at::kDouble));
  }
  double r_precision() const { return mean(precision_at_r); }
  double mean_average_precision_at_r() const { return mean(average_precision_at_r); }
  double mean_reciprocal_rank() const { return mean(first_rank.to(at::kDouble).reciprocal().masked_fill(first_rank.lt(1), 0)); }

  /// The mean of one number a query, [N], over the queries that have a relevant reference.
  double mean(const Tensor& of_query) const { return of_query.masked_select(relevant.gt(0)).mean().item<double>(); }
};

namespace detail {

using mining::detail::Ground;

/// How many references come before a row's given one: nearer, or as near with a lower index.
struct Before {
  static constexpr int passes = 1;
  Tensor distance, index;  ///< of the given reference, [N]

  struct Rows {
    Tensor count;  ///< int64 [n]
    auto members() { return std::tie(count); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n}, options.dtype(at::kLong))}; }
  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto& d = tile.similarity;
    const auto limit = mining::detail::beside(tile, distance), last = mining::detail::beside(tile, index) - tile.col;  // [n, 1]
    const auto lower = at::arange(tile.cols(), last.options()).unsqueeze(0) < last;
    const auto before = (d < limit).logical_or_((d == limit).logical_and_(lower));
    rows.count = rows.count + before.logical_and(tile.candidate.as_mask(tile.rows(), tile.cols(), d.device())).sum(1);
  }
  void merge(Rows& rows, const Rows& other) const { rows.count = rows.count + other.count; }
};

static_assert(Fold<Before>);

/// Precision among the first R references of queries [begin, begin + n), and its average over the relevant ranks: float64 [n] each.
inline std::pair<Tensor, Tensor> precision_at_r(const Ground& ground, const Tensor& relevant, int64_t begin, int64_t n,
                                                int64_t workspace_bytes) {
  auto blocks = ground.blocks;
  blocks.u = blocks.u.narrow(0, begin, n);
  blocks.symmetric = false;
  blocks.side = engine::tile_side(n, ground.cols(), false, blocks.u.element_size(), workspace_bytes);
  const auto wanted = relevant.narrow(0, begin, n);  // [n]
  const mining::Nearest nearest{.k = wanted.max().item<int64_t>(), .self = false};
  auto rows = nearest.begin(n, blocks.u.options());
  engine::for_each_tile(blocks, [&](Tile tile) {
    if (ground.distance) tile.similarity = tile.similarity.neg();
    if (ground.self())  // a query is nobody's neighbour to itself
      tile.similarity =
          PairSet::off_diagonal(tile.col - (tile.row + begin)).keep(tile.similarity, std::numeric_limits<double>::quiet_NaN());
    fold_tile(nearest, rows, tile, 0);
  });
  const auto labels = ground.labels.references.index_select(0, rows.indices.clamp_min(0).view({-1})).view_as(rows.indices);
  const auto rank = at::arange(1, nearest.k + 1, wanted.options()).unsqueeze(0);  // [1, k]
  const auto hit = labels.eq(ground.labels.anchors.narrow(0, begin, n).unsqueeze(1))
                       .logical_and(rows.indices.ge(0))
                       .logical_and(rank.le(wanted.unsqueeze(1)));
  const auto precision = hit.cumsum(1).to(at::kDouble).div(rank).masked_fill(hit.logical_not(), 0);  // [n, k]
  const auto count = wanted.clamp_min(1).to(at::kDouble);
  return {hit.sum(1).to(at::kDouble) / count, precision.sum(1) / count};
}

inline Retrieval retrieval(const Ground& ground, int64_t workspace_bytes) {
  using mining::Strategy;
  const auto n = ground.rows();
  const auto relevant = mining::detail::class_sizes(ground.labels) - (ground.self() ? 1 : 0);
  const auto first = ground.fold(mining::detail::Extremes<1>{.positive = Strategy::Easy, .negative = Strategy::All});
  const auto found = first.positive_index.ge(0);
  const auto rank = (ground.fold(Before{first.positive, first.positive_index}).count + 1).masked_fill(found.logical_not(), 0);
  auto precision = at::zeros({n}, rank.options().dtype(at::kDouble)), average = at::zeros_like(precision);
  const auto most = n > 0 ? relevant.max().item<int64_t>() : 0;
  const auto chunk = most > 0 ? std::clamp<int64_t>(workspace_bytes / (64 * most), 1, n) : 1;  // neighbour lists and what is made of them
  for (int64_t begin = 0; begin < n && most > 0; begin += chunk) {
    const auto count = std::min(chunk, n - begin);
    const auto [at_r, average_at_r] = precision_at_r(ground, relevant, begin, count, workspace_bytes);
    precision.narrow(0, begin, count).copy_(at_r);
    average.narrow(0, begin, count).copy_(average_at_r);
  }
  return {relevant, rank, precision, average};
}

}  // namespace detail

/// Ranks references by similarity to each query and looks where those of its label are. Equal similarities rank by index; a NaN ranks
/// nowhere.
///
///     const auto scores = metrics::retrieval(embeddings, labels);                         // a set in itself, nobody finds itself
///     const auto scores = metrics::retrieval(query, query_labels, reference, reference_labels);
///     scores.precision_at_1(), scores.recall_at(8), scores.r_precision(), scores.mean_average_precision_at_r(),
///     scores.mean_reciprocal_rank()
///
/// query: [N, D] and reference: [M, D], floating, with integer labels [N] and [M]. A query without a relevant reference is left out of
/// every mean. No gradient. Throws on shapes, types and devices that disagree. Time: 6 N M D FLOPs; memory: linear in N + M, and
/// the workspace. Musgrave et al. 2020, section 3.2 (`MAP@R`).
inline Retrieval retrieval(const Tensor& query, const Tensor& query_labels, const Tensor& reference, const Tensor& reference_labels,
                           const RetrievalOptions& options = {}) {
  const at::NoGradGuard no_grad;
  const engine::NoAutocast no_autocast;
  check::rows(options.name, "query", query);
  check::labels(options.name, "query_labels", query_labels, query);
  check::comparable(options.name, "query", query, "reference", reference);
  check::labels(options.name, "reference_labels", reference_labels, reference);
  TORCH_CHECK_VALUE(!options.ref_includes_query || reference.size(0) >= query.size(0), options.name,
                    ": expected `reference` to begin with the ", query.size(0), " queries, but got ", reference.size(0), " rows");
  auto ground =
      mining::detail::ground(options.name, query, query_labels, reference, reference_labels, options.similarity, options.workspace_bytes);
  ground.labels.self = options.ref_includes_query;
  return detail::retrieval(ground, options.workspace_bytes);
}

inline Retrieval retrieval(const Tensor& embeddings, const Tensor& labels, const RetrievalOptions& options = {}) {
  auto alone = options;
  alone.ref_includes_query = true;
  return retrieval(embeddings, labels, embeddings, labels, alone);
}

}  // namespace idcl::metrics
