#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

namespace idcl {

/// How a loss is evaluated; the value is the same up to rounding.
///
/// - `Dense`: the whole N x M matrix in memory, plain differentiable ATen. The reference.
/// - `Streaming`: tiles in a fixed workspace, computed again in backward; memory linear in N + M.
/// - `Fused`: tiles as in streaming, gone through by hand-written kernels while they are in the cache, and kept for backward where half
///   of the workspace holds them all; in one larger than the default, as many as there is room for. For an objective that is `Fusible`,
///   `FusiblePairs` or `FusibleRows`, float32 on the CPU, inner products and Euclidean distances, positives by label, place or list;
///   elsewhere asking for it is an error.
/// - `Auto`: fused where that is possible; else dense while the whole matrix is as small as a tile, streaming above.
enum class Evaluator { Auto, Dense, Streaming, Fused };

struct Evaluation {
  Evaluator evaluator = Evaluator::Auto;
  int64_t workspace_bytes = int64_t{32} << 20;  ///< > 0: what tiles may take beyond inputs, row states and gradients
  /// How fused similarities that wait for backward are kept: `at::kHalf` and `at::kBFloat16` take half the room of `at::kFloat`, so that
  /// twice as many are not computed again, and round them first (by 2^-11 and 2^-8 of themselves): value and slopes are those of the
  /// rounded ones. Only what is kept is rounded.
  at::ScalarType kept = at::kFloat;
};

}  // namespace idcl
