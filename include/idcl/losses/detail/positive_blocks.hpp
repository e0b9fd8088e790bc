#pragma once

#include "idcl/losses/detail/label_loss.hpp"

#include <algorithm>
#include <tuple>

namespace idcl::detail {

/// All positive pairs, no more than N at a time: block k holds, of each anchor, its k-th. A set with itself has each pair of elements
/// once, and it stands for both orders.
class PositiveBlocks {
 public:
  explicit PositiveBlocks(const LabelArguments& of) : both_orders(of.is_self() && !of.pairs) {
    const auto n = of.embeddings.size(0);
    if (of.pairs) {
      anchors_ = of.pairs->anchor_pos.clone();  // blocks are asked for again in backward
      positives_ = of.pairs->positive.clone();
      stride_ = std::max<int64_t>(n, 1);
      count_ = (anchors_.size(0) + stride_ - 1) / stride_;
      terms_ = at::bincount(anchors_, {}, n);
      return;
    }
    const auto& labels = both_orders ? of.labels : of.reference_labels;
    const auto [sorted, order] = at::sort(labels, /*stable=*/true, /*dim=*/0, /*descending=*/false);
    const auto wanted = of.labels.to(sorted.scalar_type()).contiguous();
    const auto begin = at::searchsorted(sorted, wanted), end = at::searchsorted(sorted, wanted, /*out_int32=*/false, /*right=*/true);
    positives_ = order;
    skips_self_ = of.beside;
    terms_ = end - begin - (of.skips_diagonal() ? 1 : 0);
    if (both_orders) {  // what comes behind an element, in its class
      anchors_ = order;
      first_ = at::arange(1, n + 1, order.options());
      end_ = end.index_select(0, order);
    } else {
      anchors_ = at::arange(n, order.options());
      first_ = begin;
      end_ = end;
    }
    count_ = n > 0 ? (end_ - first_).max().item<int64_t>() : 0;
  }

  int64_t count() const { return count_; }

  /// Positions of anchors and of their positives, [b] each, b <= N.
  std::tuple<Tensor, Tensor> operator()(int64_t k) const {
    if (stride_ > 0) {
      const auto begin = k * stride_, length = std::min(stride_, anchors_.size(0) - begin);
      return {anchors_.narrow(0, begin, length), positives_.narrow(0, begin, length)};
    }
    const auto place = first_ + k;
    const auto there = place < end_;
    const auto i = anchors_.masked_select(there), p = positives_.index_select(0, place.masked_select(there));
    if (!skips_self_) return {i, p};
    const auto others = i.ne(p);
    return {i.masked_select(others), p.masked_select(others)};
  }

  /// Pairs of each anchor, in `options`' type: [N].
  Tensor terms(const at::TensorOptions& options) const { return terms_.to(options.dtype()); }

  bool both_orders;  ///< a pair is its elements' in both orders

 private:
  Tensor anchors_, positives_, terms_;
  Tensor first_, end_;  ///< of each anchor's positives, among `positives_`
  int64_t count_ = 0;
  int64_t stride_ = 0;       ///< of given pairs
  bool skips_self_ = false;  ///< is reference i anchor i?
};

}  // namespace idcl::detail
