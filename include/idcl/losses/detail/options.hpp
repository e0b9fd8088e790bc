#pragma once

#include "idcl/engine/evaluation.hpp"
#include "idcl/reduction/reduction.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"

#include <c10/util/StringUtil.h>
#include <torch/enum.h>

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace idcl {

/// The mean over the terms above zero alone, the usual one of losses with a margin.
inline constexpr reduction::MeanNonZero kMeanNonZero{};

/// The mean over anchors of each one's mean term.
inline constexpr reduction::MeanPerAnchor kMeanPerAnchor{};

/// How a loss is reduced: `torch::kMean`, `torch::kSum` or `torch::kNone`, as LibTorch's own losses take it, `idcl::kMeanNonZero`,
/// `idcl::kMeanPerAnchor`, or
///
///     SupConLossOptions().reduction(reduction::Threshold{.low = 0.1, .high = 3})
///     SupConLossOptions().reduction(reduction::ClassWeighted{weights})
using reduction_t = std::variant<torch::enumtype::kNone, torch::enumtype::kMean, torch::enumtype::kSum, reduction::MeanNonZero,
                                 reduction::MeanPerAnchor, reduction::Threshold, reduction::ClassWeighted>;

namespace detail {

/// Calls `use` with the reduction that was chosen. No std::visit: behind its constexpr table clang 19 forgets to emit the autograd
/// nodes that `use` is the first to need, and the program does not link.
template <class Use>
auto with_reduction(const reduction_t& reduction, Use&& use) {
  if (std::holds_alternative<torch::enumtype::kMean>(reduction)) return use(reduction::Mean{});
  if (std::holds_alternative<torch::enumtype::kSum>(reduction)) return use(reduction::Sum{});
  if (std::holds_alternative<torch::enumtype::kNone>(reduction)) return use(reduction::None{});
  if (const auto* chosen = std::get_if<reduction::MeanNonZero>(&reduction)) return use(*chosen);
  if (const auto* chosen = std::get_if<reduction::MeanPerAnchor>(&reduction)) return use(*chosen);
  if (const auto* chosen = std::get_if<reduction::Threshold>(&reduction)) return use(*chosen);
  return use(std::get<reduction::ClassWeighted>(reduction));
}

/// The rows of anchors with these labels, [N] or undefined, reduced as was chosen.
inline Tensor reduce(const reduction_t& reduction, const Tensor& loss, const Tensor& terms, const Tensor& labels = {}) {
  return with_reduction(reduction, [&](const auto& chosen) { return reduction::reduce(chosen, loss, terms, labels); });
}

/// Calls `use` with the cosine, or with the inner product of rows as they are.
template <class Use>
auto with_similarity(bool normalize, Use&& use) {
  return normalize ? use(similarity::Cosine{}) : use(similarity::Dot{});
}

/// Does the mean count terms above zero alone?
inline bool skips_zeros(const reduction_t& reduction) {
  const auto* threshold = std::get_if<reduction::Threshold>(&reduction);
  return std::holds_alternative<reduction::MeanNonZero>(reduction) || (threshold && threshold->low >= 0);
}

/// The reduction as it prints.
inline std::string name_of(const reduction_t& reduction) {
  return with_reduction(reduction, [](const auto& chosen) -> std::string {
    using Chosen = std::decay_t<decltype(chosen)>;
    if constexpr (std::is_same_v<Chosen, reduction::Threshold>) return c10::str("mean within (", chosen.low, ", ", chosen.high, ")");
    if constexpr (std::is_same_v<Chosen, reduction::MeanNonZero>) return "mean of non-zero";
    if constexpr (std::is_same_v<Chosen, reduction::MeanPerAnchor>) return "mean per anchor";
    if constexpr (std::is_same_v<Chosen, reduction::ClassWeighted>) return "mean weighted by class";
    if constexpr (std::is_same_v<Chosen, reduction::Sum>) return "sum";
    if constexpr (std::is_same_v<Chosen, reduction::None>) return "none";
    return "mean";
  });
}

}  // namespace detail
}  // namespace idcl
