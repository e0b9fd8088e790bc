#pragma once

#include "idcl/trajectory/measure.hpp"

#include <ATen/ATen.h>

#include <exception>
#include <stdexcept>
#include <vector>

namespace idcl::trajectory {

using at::Tensor;

namespace detail {

/// `work()`, an `std::invalid_argument` of the measures passed on as `c10::ValueError`.
template <class Work>
decltype(auto) as_value_error(const Work& work) {
  try {
    return work();
  } catch (const std::invalid_argument& error) {
    C10_THROW_ERROR(ValueError, error.what());
  }
}

/// Labels as int64, numbers as float or double (half and bfloat16 as float); contiguous, on the CPU, without a graph.
inline Tensor plain(const char* where, const char* name, const Tensor& x) {
  TORCH_CHECK(x.defined(), where, ": expected `", name, "` to be a tensor, but got an undefined one");
  const bool labels = at::isIntegralType(x.scalar_type(), /*includeBool=*/false);
  TORCH_CHECK_TYPE(labels || x.is_floating_point(), where, ": expected `", name,
                   "` to hold integers (labels) or floating numbers, but got ", x.scalar_type());
  const auto type = labels ? at::kLong : x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return x.detach().to(at::kCPU, type).contiguous();
}

/// Calls `use` with the rows [first, first + length) of plain labels [T] or numbers [T, D] as a sequence.
template <class Use>
decltype(auto) read_rows(const Tensor& plain, int64_t first, int64_t length, const Use& use) {
  const auto width = plain.dim() == 1 ? 1 : plain.size(1);
  if (plain.scalar_type() == at::kLong) return use(Labels(plain.const_data_ptr<int64_t>() + first, static_cast<std::size_t>(length)));
  if (plain.scalar_type() == at::kDouble) return use(Frames<double>(plain.const_data_ptr<double>() + first * width, length, width));
  return use(Frames<float>(plain.const_data_ptr<float>() + first * width, length, width));
}

/// Of a tensor's values: what distances are returned in. Labels give float64.
inline at::ScalarType distance_type(const Tensor& plain) { return plain.scalar_type() == at::kFloat ? at::kFloat : at::kDouble; }

}  // namespace detail

/// Sequences of a tensor, one after the other: sequence i is rows [first[i], first[i] + length[i]) of `values`.
struct Batch {
  Tensor values;  ///< labels [T] or numbers [T, D], as `detail::plain` gives them
  std::vector<int64_t> first, length;

  int64_t size() const { return static_cast<int64_t>(length.size()); }

  /// Calls `use` with sequence i: Labels or Frames<T>.
  template <class Use>
  decltype(auto) read(int64_t i, const Use& use) const {
    return detail::read_rows(values, first[i], length[i], use);
  }
};

/// Reads `values` and `lengths` [N] (integers), or a mask [N, L] (bool) of padded values, true where there is an element:
///
///     labels  [T] or [N, L]          T = sum of lengths: one sequence after the other; L: the longest, the rest is padding
///     numbers [T], [T, D] or [N, L, D]
inline Batch batch(const char* where, const Tensor& values, const Tensor& lengths) {
  Batch result{.values = detail::plain(where, "values", values), .first = {}, .length = {}};
  TORCH_CHECK(lengths.defined(), where, ": expected `lengths` to be a tensor [N], but got an undefined one");
  if (lengths.scalar_type() == at::kBool) {
    TORCH_CHECK_VALUE(values.dim() >= 2 && lengths.sizes() == values.sizes().slice(0, 2), where,
                      ": expected the mask `lengths` to be [N, L] as `values` is, but got ", lengths.sizes(), " beside ", values.sizes());
    const auto mask = lengths.detach().to(at::kCPU);
    return batch(where, result.values.flatten(0, 1).index_select(0, mask.flatten().nonzero().squeeze(1)), mask.sum(1));
  }
  TORCH_CHECK_TYPE(at::isIntegralType(lengths.scalar_type(), /*includeBool=*/false), where,
                   ": expected `lengths` to be integers or a mask, but got ", lengths.scalar_type());
  TORCH_CHECK_VALUE(lengths.dim() == 1, where, ": expected `lengths` to be [N], but got ", lengths.sizes());
  const bool labels = result.values.scalar_type() == at::kLong;
  TORCH_CHECK_VALUE(values.dim() >= 1 && values.dim() <= (labels ? 2 : 3), where, ": expected `values` to be ",
                    labels ? "labels [T] or [N, L]" : "numbers [T], [T, D] or [N, L, D]", ", but got ", values.sizes());
  const bool padded = values.dim() == (labels ? 2 : 3);
  const auto plain_lengths = lengths.detach().to(at::kCPU, at::kLong).contiguous();
  const auto* length = plain_lengths.const_data_ptr<int64_t>();
  result.length.assign(length, length + plain_lengths.numel());
  if (padded) {
    TORCH_CHECK_VALUE(values.size(0) == result.size(), where, ": expected `lengths` to be [", values.size(0), "], one a sequence, but got ",
                      lengths.sizes());
    for (int64_t i = 0; i < result.size(); ++i) {
      TORCH_CHECK_VALUE(length[i] >= 0 && length[i] <= values.size(1), where, ": expected `lengths` in [0, ", values.size(1),
                        "], the padded length, but got ", length[i], " for sequence ", i);
      result.first.push_back(i * values.size(1));
    }
    result.values = labels ? result.values.view({-1}) : result.values.view({-1, values.size(2)});
  } else {
    int64_t total = 0;
    for (int64_t i = 0; i < result.size(); ++i) {
      TORCH_CHECK_VALUE(length[i] >= 0, where, ": expected `lengths` of 0 and above, but got ", length[i], " for sequence ", i);
      result.first.push_back(total);
      total += length[i];
    }
    TORCH_CHECK_VALUE(total == values.size(0), where, ": expected `lengths` to add up to the ", values.size(0),
                      " rows of `values`, but they add up to ", total);
  }
  return result;
}

}  // namespace idcl::trajectory
