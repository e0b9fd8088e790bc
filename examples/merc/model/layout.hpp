#pragma once

#include "../train/config.hpp"

#include <torch/types.h>

#include <span>
#include <vector>

namespace merc {

using torch::Tensor;

struct Dialog;

/// How the dialogs of a batch lie in one [rows, width] matrix.
///
/// Packed, a dialog has as many rows as utterances and no row is wasted; padded, every dialog has as many rows as the longest. The
/// network sees no other difference: attention and pooling go span by span, everything else row by row.
struct Layout {
  struct Span {
    int64_t first = 0;       ///< row
    int64_t rows = 0;        ///< utterances and padding
    int64_t utterances = 0;  ///< the first rows of the span; only these are attended to
  };
  std::vector<Span> spans;

  int64_t rows() const { return spans.empty() ? 0 : spans.back().first + spans.back().rows; }
  int64_t longest() const;

  static Layout packed(std::span<const int64_t> lengths);
  static Layout padded(std::span<const int64_t> lengths);
};

/// Some dialogs as tensors.
struct Batch {
  Layout layout;
  std::vector<Tensor> features;  ///< one a modality, in the order asked for: [rows, dim] float32, zero where there is padding
  Tensor labels;                 ///< [rows] int64; -1 for padding and for utterances without a label
  Tensor dialogs{};              ///< [dialogs] int64, their numbers among the dialogs of the stage; undefined outside of training
  Tensor speakers{};             ///< [rows] int64, places in the list of speakers, its size for padding and for others; undefined without

  Batch to(torch::Device device) const;
};

/// Lays dialogs out, in their order. The dialogs must hold every modality (`check_fit` sees to it). `speakers`: the names that the network
/// knows; none: speakers are of no interest.
Batch make_batch(std::span<const Dialog* const> dialogs, const std::vector<std::string>& modalities, Pooling pooling,
                 const std::vector<std::string>& speakers = {});

/// The mean of the rows of each dialog: [rows, width] -> [dialogs, width]; of its utterances, or of its padding too.
Tensor pool(const Tensor& rows, const Layout& layout, Pooling pooling);

}  // namespace merc
