#pragma once

#include "gru.hpp"
#include "layers.hpp"

#include <map>
#include <string>
#include <vector>

namespace merc {

/// What the shapes of a network come from.
struct NetworkOptions {
  Architecture architecture;
  std::map<std::string, int64_t> widths;  ///< modality -> columns
  int64_t classes = 0;                       ///< 0: encoders alone, nothing to fuse or classify with
  int64_t speakers = 2;                      ///< size of the released code's speaker table, a dead module
  std::vector<std::string> speaker_names{};  ///< whom a speaker embedding knows; others are read without
};

/// What the encoders say of each utterance: one [rows, hidden] a modality, in the order of the architecture.
using Encoded = std::vector<Tensor>;

/// The network of IDCL (ICASSP 2026): one transformer and gate a modality, concatenated, projected, classified.
///
///   e_m = gate_m(encoder_m(x_m W_m^T + positions)),    gate(x) = sigmoid(x W^T) x
///   log p = log_softmax([e_1 ... e_M] F^T H^T + b)
///
/// Parameters have the names and shapes of the released code; modules of it that never see a gradient are absent unless
/// `dead_modules` asks for them. F and H have no non-linearity between them, so the classifier multiplies them first, [classes,
/// M hidden], and never makes the fused rows unless asked to. Recurrent encoders, the other fusions, which do make the rows, and a vector a
/// speaker, added to every x_m W_m^T, are ours.
struct NetworkImpl : torch::nn::Module {
  explicit NetworkImpl(const NetworkOptions& options);

  /// What is contrasted and classified; with an active dropout as in training.
  Encoded encode(const Batch& batch, Dropout& dropout);

  Tensor logits(const Encoded& encoded);  ///< [rows, classes]
  Tensor fuse(const Encoded& encoded);    ///< [rows, hidden]

  /// For each modality, the root mean square of its projected features over that of the position code; none where there is no such code.
  std::vector<double> input_scales(const Batch& batch);

  const NetworkOptions options;

 private:
  struct Stream {
    RowProjection input{nullptr};
    Encoder encoder{nullptr};
    GruEncoder recurrent{nullptr};  ///< this or the one above
    Map gate{nullptr};
  };
  std::vector<Stream> streams_;
  SpeakerTable speakers_{nullptr};
  Map last_concat_{nullptr};
  Map fusion_gate_{nullptr};  ///< of gated fusion: the weights of the modalities
  torch::nn::Linear all_output_layer_{nullptr};
};
TORCH_MODULE(Network);

/// Draws all parameters anew, as PyTorch initialises layers of their kinds; the seed alone decides.
void initialize(NetworkImpl& network, uint64_t seed);

}  // namespace merc
