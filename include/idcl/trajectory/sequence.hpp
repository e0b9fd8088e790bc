#pragma once

#include <Eigen/Core>

#include <concepts>
#include <cstdint>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

/// Dialogs as sequences, and how far two of them are apart. The measures need Eigen alone; `trajectory/torch.hpp` adds tensors.
namespace idcl::trajectory {

/// One label an utterance, [L].
using Labels = std::span<const int64_t>;

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// One row an utterance, [L, D]: features, or values such as valence, arousal and dominance. T: float or double.
template <class T>
using Frames = Eigen::Map<const RowMajor<T>>;

/// One of those rows, [D].
template <class T>
using Row = Eigen::Map<const Eigen::RowVectorX<T>>;

/// How a type is read as a sequence: `Reader<S>::read(s, use)` calls `use` with `Labels`, `Frames<float>` or `Frames<double>`.
/// Read are contiguous ranges of integers (labels) and of floating numbers ([L, 1]), and Eigen's matrices [L, D] of float or double.
template <class S>
struct Reader {
  static_assert(
      sizeof(S) == 0,
      "idcl::trajectory: expected a contiguous range of numbers, an Eigen matrix [L, D], or, with <idcl/trajectory/torch.hpp>, a tensor");
};

template <std::ranges::contiguous_range S>
  requires std::integral<std::ranges::range_value_t<S>>
struct Reader<S> {
  template <class Use>
  static decltype(auto) read(const S& s, Use&& use) {
    if constexpr (std::same_as<std::ranges::range_value_t<S>, int64_t>) {
      return use(Labels(std::ranges::data(s), std::ranges::size(s)));
    } else {
      const std::vector<int64_t> labels(std::ranges::begin(s), std::ranges::end(s));
      return use(Labels(labels));
    }
  }
};

template <std::ranges::contiguous_range S>
  requires std::floating_point<std::ranges::range_value_t<S>>
struct Reader<S> {
  template <class Use>
  static decltype(auto) read(const S& s, Use&& use) {
    return use(Frames<std::ranges::range_value_t<S>>(std::ranges::data(s), static_cast<Eigen::Index>(std::ranges::size(s)), 1));
  }
};

template <class S>
  requires std::derived_from<S, Eigen::DenseBase<S>>
struct Reader<S> {
  template <class Use>
  static decltype(auto) read(const S& s, Use&& use) {
    using T = typename S::Scalar;
    if constexpr (std::integral<T>) {
      const std::vector<int64_t> labels(s.reshaped().begin(), s.reshaped().end());
      return use(Labels(labels));
    } else {
      const RowMajor<T> rows = s;
      return use(Frames<T>(rows.data(), rows.rows(), rows.cols()));
    }
  }
};

}  // namespace idcl::trajectory
