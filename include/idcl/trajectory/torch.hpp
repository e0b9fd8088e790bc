#pragma once

/// Every measure, and their forms for tensors. Without LibTorch, include a measure's own header.

#include "idcl/trajectory/bigram.hpp"
#include "idcl/trajectory/dtw.hpp"
#include "idcl/trajectory/edit_distance.hpp"
#include "idcl/trajectory/histogram.hpp"
#include "idcl/trajectory/mean_pool.hpp"
#include "idcl/trajectory/optimal_transport.hpp"
#include "idcl/trajectory/per_length.hpp"
#include "idcl/trajectory/segment_histogram.hpp"
#include "idcl/trajectory/signature.hpp"
#include "idcl/trajectory/soft_dtw.hpp"
#include "idcl/trajectory/soft_dtw_divergence.hpp"
#include "idcl/trajectory/torch/call.hpp"
#include "idcl/trajectory/torch/nearest.hpp"
#include "idcl/trajectory/torch/pairwise.hpp"
#include "idcl/trajectory/torch/tracks.hpp"
#include "idcl/trajectory/torch/within.hpp"
