#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// What objectives share that cost an anchor by the ranks of its positives, a rank being a sum of sigmoids:
///
///   t_i = 1/|G(i)| sum_{k in G(i)} cost(R-_ik, R+_ik)
///   R-_ik = sum_{n in N(i)} sigmoid((s_in - s_ik)/T),   R+_ik = 1 + sum_{p in G(i), p != k} sigmoid((s_ip - s_ik)/T)
///
/// R-: the negatives ranked before positive k; R+: its rank among the positives. G(i) is P(i), or P(i) and the anchor itself in a set
/// compared with itself; an anchor without a positive has no term. A pair given twice is one. Ranks compare every two pairs of an
/// anchor: tiles are whole rows, and a row takes |G| sweeps of its own similarities. The objective says `temperature`, `with_self`,
/// `cost(before, among)` of one positive, [n], and its derivatives `slopes(before, among)`.
struct SoftRanks {
  Tensor loss;   ///< t_i, [n]
  Tensor terms;  ///< is there a positive? [n]
  auto members() { return std::tie(loss, terms); }

  static SoftRanks begin(int64_t n, const at::TensorOptions& options) { return {at::zeros({n}, options), at::zeros({n}, options)}; }

  template <class O>
  void update(const O& objective, const Tile& tile) {
    const auto row = competition(objective, tile);
    auto sum = tile.similarity.narrow(1, 0, 0).sum(1);  // a zero that hangs on the graph
    for (int64_t k = 0; k < row.places(); ++k) {
      const auto before = row.before(k).sum(1), among = row.among(k).sum(1) + 0.5;
      sum = sum + objective.cost(before, among).masked_fill(row.used.select(1, k).logical_not(), 0);
    }
    merge({sum / row.size.clamp_min(1), (row.size > 0).to(sum.scalar_type())});
  }

  /// Of the same rows, one of them empty: whole rows are never parted.
  void merge(const SoftRanks& other) {
    loss = loss + other.loss;
    terms = terms + other.terms;
  }

  /// d(sum_i upstream_i t_i) / ds: [n, m]
  template <class O>
  static Tensor gradient(const O& objective, const Tile& tile, const Tensor& upstream) {
    const auto row = competition(objective, tile);
    const auto weight = upstream / (row.size.clamp_min(1) * objective.temperature);
    auto pushed = at::zeros_like(row.negatives), pulled = at::zeros_like(row.positives);
    for (int64_t k = 0; k < row.places(); ++k) {
      const auto before = row.before(k), among = row.among(k);
      const auto [a, b] = objective.slopes(before.sum(1), among.sum(1) + 0.5);
      const auto own = weight.masked_fill(row.used.select(1, k).logical_not(), 0);
      const auto from_negatives = at::sigmoid_backward(column(a * own).expand_as(before), before);  // [n, p]
      const auto from_positives = at::sigmoid_backward(column(b * own).expand_as(among), among);    // [n, K]
      pushed.add_(from_negatives);
      pulled.add_(from_positives);
      pulled.select(1, k).sub_(from_negatives.sum(1)).sub_(from_positives.sum(1));
    }
    auto result = row.negative.spread(pushed, tile.cols());
    result.scatter_add_(1, row.list.clamp_min(0), pulled);  // nothing where there is no positive
    return result;
  }

 private:
  /// The rows of a tile as their positives see them; logits are s / T.
  struct Competition {
    PairSet negative;
    Tensor negatives;  ///< logits, `kNothing` outside N(i): [n, p]
    Tensor list;       ///< G(i), int64 [n, K]; -1 where there are fewer
    Tensor used;       ///< is there one? bool [n, K]
    Tensor positives;  ///< logits, `kNothing` where there is none: [n, K]
    Tensor size;       ///< |G(i)|, [n]

    int64_t places() const { return list.size(1); }
    Tensor before(int64_t k) const { return (negatives - column(positives.select(1, k))).sigmoid_(); }  // [n, p]
    Tensor among(int64_t k) const { return (positives - column(positives.select(1, k))).sigmoid_(); }   // [n, K], 1/2 at k itself
  };

  template <class O>
  static Competition competition(const O& objective, const Tile& tile) {
    const auto n = tile.rows(), m = tile.cols();
    const auto& device = tile.similarity.device();
    auto group = tile.positive.as_mask(n, m, device);  // [n, m]
    if (objective.with_self) {
      const auto self = PairSet::diagonal(tile.col - tile.row).as_mask(n, m, device);
      group = group.logical_or(self.logical_and(group.any(1, /*keepdim=*/true)));
    }
    const auto size = group.sum(1);     // [n]
    const auto pair = group.nonzero();  // [c, 2], by row
    const auto i = pair.select(1, 0), j = pair.select(1, 1);
    const auto place = at::arange(i.size(0), i.options()) - (size.cumsum(0) - size).index_select(0, i);
    const auto list = at::full({n, n > 0 ? size.max().template item<int64_t>() : 0}, -1, i.options()).index_put({i, place}, j);
    const auto used = list >= 0;
    const auto logits = tile.similarity / objective.temperature;
    const auto negative = tile.negative();
    const auto positives = at::where(used, logits.gather(1, list.clamp_min(0)), kNothing);  // [n, K]
    return {negative, negative.keep(logits, kNothing), list, used, positives, size.to(logits.scalar_type())};
  }
};

}  // namespace idcl::objective
