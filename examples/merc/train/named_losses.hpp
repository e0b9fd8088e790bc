#pragma once

#include "config.hpp"

#include <torch/types.h>

namespace merc {

using torch::Tensor;

/// A loss of the library of rows [N, width] that are positives where their labels [N] are the same. `temperature` is for those that divide
/// similarities by one; everything else is the loss's default.
Tensor label_term(Contrastive loss, const Tensor& rows, const Tensor& labels, double temperature);

/// A loss of the library of two modalities [N, width] whose positives are the rows of the same place.
Tensor pair_term(Contrastive loss, const Tensor& a, const Tensor& b, double temperature);

}  // namespace merc
