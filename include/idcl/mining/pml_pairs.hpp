#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/tuples.hpp"

namespace idcl::mining {

/// Options of `pml_pairs`.
struct PMLPairsOptions {
  static constexpr auto name = "idcl::mining::pml_pairs";
  /// No pair at all where there is none of either kind, as its `SupConLoss` has it.
  bool both_kinds = false;
};

/// The pairs that PyTorch Metric Learning 2.9 goes by, for those who have to reproduce its numbers: all of the labels', but
///
///  - not (i, i), where `labels` and `ref_labels` are one and the same tensor, whatever the references are;
///  - none at all, where there is at most one positive and at most one negative pair.
///
///     F::contrastive_loss(image, labels, text, labels, mining::pml_pairs(labels, labels));      // without the diagonal, as there
///
/// labels: integers [N]; ref_labels: integers [M]; `pml_pairs(labels)` is of a set with itself. A loss of no pairs is zero. Returns `Pairs`,
/// by anchor and reference. Throws on shapes, types and devices that disagree. Time and memory: N M, which the losses themselves never need.
inline Pairs pml_pairs(const Tensor& labels, const Tensor& ref_labels, const PMLPairsOptions& options = {}) {
  check::labels(options.name, "labels", labels, labels);
  check::labels(options.name, "ref_labels", ref_labels, ref_labels);
  auto same = labels.unsqueeze(1).eq(ref_labels.unsqueeze(0));  // [N, M]
  const auto negative = same.logical_not().nonzero();           // [Q, 2]
  if (labels.is_same(ref_labels)) same.fill_diagonal_(false);
  const auto positive = same.nonzero();  // [P, 2]
  const auto p = positive.size(0), q = negative.size(0);
  const bool none = (p <= 1 && q <= 1) || (options.both_kinds && (p == 0 || q == 0));
  const auto column = [&](const Tensor& pairs, int64_t i) { return pairs.select(1, i).narrow(0, 0, none ? 0 : pairs.size(0)); };
  return Pairs(column(positive, 0), column(positive, 1), column(negative, 0), column(negative, 1));
}

inline Pairs pml_pairs(const Tensor& labels, const PMLPairsOptions& options = {}) { return pml_pairs(labels, labels, options); }

}  // namespace idcl::mining
