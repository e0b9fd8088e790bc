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
/// Dialogs one after the other: values [T] or [T, D], speakers [T] (integers), lengths [N]; or padded: values [N, L] or [N, L, D], speakers
/// [N, L], lengths [N] or a mask bool [N, L]. A speaker who says nothing has an empty track, which `EditDistance` alone takes.
inline Track track(const Tensor& values, const Tensor& lengths, const Tensor& speakers, int64_t speaker) {
  constexpr auto where = "idcl::trajectory::track";
  const auto told = speakers.dim();  // dimensions that tell utterances apart
  TORCH_CHECK_VALUE(
      (told == 1 || told == 2) && values.dim() >= told && values.dim() <= told + 1 && values.sizes().slice(0, told) == speakers.sizes(),
      where, ": expected `speakers` to be [T] beside `values` [T] or [T, D], or [N, L] beside [N, L] or [N, L, D], but got ",
      speakers.sizes(), " beside ", values.sizes());
  batch(where, speakers, lengths);  // which says what is wrong with lengths
  auto own = speakers == speaker;
  const auto tracks = [&](const Tensor& counts) -> Track {
    return {values.flatten(0, told - 1).index_select(0, own.flatten().nonzero().squeeze(1).to(values.device())), counts};
  };
  if (told == 2) {
    const auto place = at::arange(speakers.size(1), lengths.options().dtype(at::kLong));
    own = own.logical_and((lengths.scalar_type() == at::kBool ? lengths : place < lengths.unsqueeze(1)).to(own.device()));
    return tracks(own.sum(1));
  }
  const auto dialog = at::repeat_interleave(lengths.to(speakers.device(), at::kLong));  // [T]
  return tracks(at::zeros({lengths.size(0)}, dialog.options()).index_add(0, dialog, own.to(at::kLong)));
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
