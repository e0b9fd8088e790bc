#pragma once

#include "dropout.hpp"
#include "layout.hpp"

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

namespace merc {

/// One modality read by recurrent layers in place of a transformer: dropout(x W^T + added), then bidirectional GRUs of hidden / 2 units
/// each way, dropout behind each (Cho et al. 2014). Dialogs are read from first utterance to last; there may be no row of padding.
struct GruEncoderImpl : torch::nn::Module {
  explicit GruEncoderImpl(const Architecture& options);
  Tensor forward(const Tensor& features, const Tensor& projection, const Tensor& added, const Layout& layout, Dropout& dropout);

  torch::nn::ModuleList gru;
};
TORCH_MODULE(GruEncoder);

}  // namespace merc
