#pragma once

#include "idcl/trajectory/detail/check.hpp"
#include "idcl/trajectory/sequence.hpp"

#include <concepts>
#include <vector>

namespace idcl::trajectory::detail {

/// Row i of frames, [D]; label i of labels.
template <class T>
Row<T> element(const Frames<T>& frames, Eigen::Index i) {
  return {frames.data() + i * frames.cols(), frames.cols()};
}
inline int64_t element(const Labels& labels, Eigen::Index i) { return labels[i]; }

/// A copy, and what is read of it.
inline std::vector<int64_t> own(const Labels& labels) { return {labels.begin(), labels.end()}; }
template <class T>
RowMajor<T> own(const Frames<T>& frames) {
  return frames;
}
inline Labels view(const std::vector<int64_t>& labels) { return labels; }
template <class T>
Frames<T> view(const RowMajor<T>& frames) {
  return {frames.data(), frames.rows(), frames.cols()};
}

/// Can `cost` be asked of two elements of such a sequence?
template <class Cost, class Sequence>
concept Costs = requires(const Cost& cost, const Sequence& sequence) {
  { cost(element(sequence, 0), element(sequence, 0)) } -> std::convertible_to<double>;
};

template <class T>
void check_elements(const char* where, const Frames<T>& frames) {
  check_not_empty(where, frames);
  check_finite(where, frames);
}
inline void check_elements(const char* where, const Labels& labels) {
  check_not_empty(where, labels);
  check_labels(where, labels);
}

template <class T>
void check_pair(const char* where, const Frames<T>& a, const Frames<T>& b) {
  check_widths(where, a, b);
}
inline void check_pair(const char*, const Labels&, const Labels&) {}

}  // namespace idcl::trajectory::detail
