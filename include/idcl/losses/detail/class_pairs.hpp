#pragma once

#include "idcl/losses/detail/label_loss.hpp"

#include <algorithm>

namespace idcl::detail {

/// One positive pair of each class that has one, by ascending label: positions [C] of an anchor and of its positive.
struct ClassPairs {
  Tensor anchor, positive;
};

/// Where runs of equal values begin in sorted values: bool [n].
inline Tensor run_begins(const Tensor& sorted) {
  const auto n = sorted.size(0);
  const auto first = at::ones({std::min<int64_t>(n, 1)}, sorted.options().dtype(at::kBool));
  return n < 2 ? first : at::cat({first, sorted.narrow(0, 1, n - 1).ne(sorted.narrow(0, 0, n - 1))});
}

inline Tensor positions(const Tensor& mask) { return mask.nonzero().select(1, 0); }

/// The first element of a class with its second; with references, with its first reference; of given pairs, the class's first.
inline ClassPairs class_pairs(const LabelArguments& of) {
  const auto sort = [](const Tensor& labels) { return at::sort(labels, /*stable=*/true, /*dim=*/0, /*descending=*/false); };
  if (of.pairs) {
    const auto [sorted, order] = sort(of.labels.index_select(0, of.pairs->anchor_pos));
    const auto first = order.index_select(0, positions(run_begins(sorted)));
    return {of.pairs->anchor_pos.index_select(0, first), of.pairs->positive.index_select(0, first)};
  }
  const auto [sorted, order] = sort(of.labels);
  const auto first = positions(run_begins(sorted));
  if (of.is_self()) {
    const auto last = at::cat({first.narrow(0, std::min<int64_t>(first.size(0), 1), std::max<int64_t>(first.size(0) - 1, 0)),
                               at::full({std::min<int64_t>(first.size(0), 1)}, sorted.size(0), first.options())});  // one past each run
    const auto paired = first.masked_select(last - first > 1);
    return {order.index_select(0, paired), order.index_select(0, paired + 1)};
  }
  const auto [ref_sorted, ref_order] = sort(of.reference_labels);
  if (ref_sorted.size(0) == 0) return {first.narrow(0, 0, 0), first.narrow(0, 0, 0)};
  const auto classes = sorted.index_select(0, first);
  const auto place = at::searchsorted(ref_sorted, classes.to(ref_sorted.scalar_type())).clamp_max_(ref_sorted.size(0) - 1);
  const auto found = positions(ref_sorted.index_select(0, place).eq(classes));
  return {order.index_select(0, first.index_select(0, found)), ref_order.index_select(0, place.index_select(0, found))};
}

}  // namespace idcl::detail
