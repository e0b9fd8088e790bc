#pragma once

#include "idcl/trajectory/sequence.hpp"

#include <cmath>
#include <sstream>
#include <stdexcept>

/// What measures ask of their arguments, worded once. LibTorch is not needed here, so errors are `std::invalid_argument`; its
/// overloads pass them on as `c10::ValueError`.
namespace idcl::trajectory::detail {

template <class... Parts>
[[noreturn]] void refuse(const char* where, const Parts&... parts) {
  std::ostringstream text;
  text << "idcl::trajectory::" << where << ": ";
  (text << ... << parts);
  throw std::invalid_argument(text.str());
}

inline Eigen::Index length(const Labels& labels) { return static_cast<Eigen::Index>(labels.size()); }
template <class T>
Eigen::Index length(const Frames<T>& frames) {
  return frames.rows();
}

template <class Sequence>
void check_not_empty(const char* where, const Sequence& sequence) {
  if (length(sequence) == 0) refuse(where, "expected a sequence of at least one element, but got an empty one");
}

/// Labels are whole numbers from zero; below `num_classes`, where that is given (above zero).
inline void check_labels(const char* where, const Labels& labels, int64_t num_classes = 0) {
  for (const auto label : labels) {
    if (num_classes > 0 && (label < 0 || label >= num_classes))
      refuse(where, "expected labels in [0, ", num_classes, "), `num_classes` being ", num_classes, ", but got ", label);
    if (label < 0) refuse(where, "expected labels >= 0, but got ", label);
  }
}

template <class T>
void check_finite(const char* where, const Frames<T>& frames) {
  if (!frames.allFinite()) refuse(where, "expected finite values, but got a NaN or an infinity");
}

template <class T>
void check_widths(const char* where, const Frames<T>& a, const Frames<T>& b) {
  if (a.cols() != b.cols()) refuse(where, "expected sequences of one width, but got rows of ", a.cols(), " and of ", b.cols());
}

inline void check_sizes(const char* where, const Eigen::VectorXd& p, const Eigen::VectorXd& q) {
  if (p.size() != q.size())
    refuse(where, "expected sequences of one width, but got summaries of ", p.size(), " and of ", q.size(), " numbers");
}

inline void check_positive(const char* where, const char* name, double value) {
  if (!(std::isfinite(value) && value > 0)) refuse(where, "expected `", name, "` to be finite and > 0, but got ", value);
}

inline void check_at_least(const char* where, const char* name, int64_t value, int64_t least) {
  if (value < least) refuse(where, "expected `", name, "` to be at least ", least, ", but got ", value);
}

}  // namespace idcl::trajectory::detail
