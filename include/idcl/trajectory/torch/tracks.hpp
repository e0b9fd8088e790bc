#pragma once

#include "idcl/trajectory/torch/batch.hpp"

namespace idcl::trajectory {

/// Sequences one after the other, and how long each is.
struct Track {
  Tensor values;   ///< [T] or [T, D]
  Tensor lengths;  ///< int64 [N]; 0 where the dialog has no such utterance
};

/// One speaker's utterances of each dialog, so that a dialog of two is two tracks:
///
///     const auto track = trajectory::track(labels, lengths, speakers, /*speaker=*/0);
///     const auto distances = trajectory::pairwise(measure, track.values, track.lengths);
///
/// values [T] or [T, D], lengths [N], speakers [T] (integers): dialogs one after the other. A speaker who says nothing has an empty track,
/// which `EditDistance` alone takes.
inline Track track(const Tensor& values, const Tensor& lengths, const Tensor& speakers, int64_t speaker) {
  constexpr auto where = "idcl::trajectory::track";
  TORCH_CHECK_VALUE(values.dim() == 1 || values.dim() == 2, where, ": expected `values` to be [T] or [T, D], but got ", values.sizes());
  TORCH_CHECK_VALUE(speakers.dim() == 1 && speakers.size(0) == values.size(0), where, ": expected `speakers` to be [", values.size(0),
                    "], one an utterance, but got ", speakers.sizes());
  const auto total = lengths.sum().item<int64_t>();
  TORCH_CHECK_VALUE(lengths.dim() == 1 && total == values.size(0), where, ": expected `lengths` to add up to the ", values.size(0),
                    " rows of `values`, but they add up to ", total);
  const auto own = speakers == speaker;
  const auto dialog = at::repeat_interleave(lengths.to(speakers.device(), at::kLong));  // [T]
  const auto counts = at::zeros({lengths.size(0)}, dialog.options()).index_add(0, dialog, own.to(at::kLong));
  return {values.index_select(0, own.nonzero().squeeze(1).to(values.device())), counts};
}

/// One alphabet for who says it and how: label + num_classes speaker, for measures of labels. A dialog then is one sequence.
inline Tensor joint_labels(const Tensor& labels, const Tensor& speakers, int64_t num_classes) {
  constexpr auto where = "idcl::trajectory::joint_labels";
  TORCH_CHECK_VALUE(labels.sizes() == speakers.sizes(), where, ": expected `speakers` to be ", labels.sizes(), " as `labels` is, but got ",
                    speakers.sizes());
  TORCH_CHECK_VALUE(labels.numel() == 0 || (labels.min().item<int64_t>() >= 0 && labels.max().item<int64_t>() < num_classes), where,
                    ": expected labels in [0, ", num_classes, ")");
  return labels + num_classes * speakers;
}

}  // namespace idcl::trajectory
