#pragma once

#include "dropout.hpp"
#include "layout.hpp"

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

namespace merc {

/// One modality read by recurrent layers in place of a transformer: dropout(x W^T), then bidirectional GRUs of hidden / 2 units each way,
/// dropout behind each (Cho et al. 2014). Every dialog is read from its first utterance to its last; no row of padding may be there.
struct GruEncoderImpl : torch::nn::Module {
  explicit GruEncoderImpl(const Architecture& options);
  Tensor forward(const Tensor& features, const Tensor& projection, const Layout& layout, Dropout& dropout);

  torch::nn::ModuleList gru;
};
TORCH_MODULE(GruEncoder);

}  // namespace merc
