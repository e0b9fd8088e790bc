#pragma once

#include <torch/types.h>

#include <vector>

namespace merc {

using torch::Tensor;

/// The embeddings of the dialogs of earlier batches, newest first, so that a small batch has as many negatives as a large one.
///
/// They are constants: no gradient flows into them. A bank of size 0 holds nothing.
class MemoryBank {
 public:
  explicit MemoryBank(int64_t dialogs = 0) : capacity_(dialogs) {}
  static MemoryBank none() { return MemoryBank(0); }

  /// [B, width] of modality `index` -> [B + stored, width], the stored ones last.
  Tensor append_to(const Tensor& pooled, size_t index) const;

  /// Remembers a batch, one [B, width] a modality, and whatever else has a row a dialog; the oldest beyond the capacity are forgotten.
  void push(const std::vector<Tensor>& pooled);

  /// Drops the rows of the dialogs of these numbers, [dialogs] int64; the numbers must be the last of what `push` was given.
  void forget(const Tensor& numbers);

  /// What is stored, one [stored, width] a modality; for checkpoints.
  const std::vector<Tensor>& stored() const { return stored_; }
  void restore(std::vector<Tensor> stored) { stored_ = std::move(stored); }

 private:
  int64_t capacity_;
  std::vector<Tensor> stored_;
};

}  // namespace merc
