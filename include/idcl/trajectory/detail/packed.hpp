#pragma once

#include "idcl/trajectory/cost.hpp"
#include "idcl/trajectory/detail/elements.hpp"
#include "idcl/trajectory/detail/simd.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace idcl::trajectory::detail {

/// What a dynamic programme computes in: the type of frames, double for labels.
template <class Sequence>
struct NumberOf {
  using type = double;
};
template <class T>
struct NumberOf<RowMajor<T>> {
  using type = T;
};

/// Up to `lanes` sequences side by side: number d of element t of lane l at [(t width + d) lanes + l]. Past a sequence's end are zeros,
/// and lanes to spare repeat the first sequence.
template <class T, class Sequence>
struct Packed {
  std::array<const Sequence*, lanes<T>> sequences;
  int64_t length = 0;  ///< of the longest
  int64_t width = 1;   ///< D
  std::vector<T> numbers;

  int64_t length_of(int lane) const { return detail::length(view(*sequences[lane])); }
};

inline int64_t width_of(const std::vector<int64_t>&) { return 1; }
template <class T>
int64_t width_of(const RowMajor<T>& frames) {
  return frames.cols();
}
inline double number_at(const std::vector<int64_t>& labels, int64_t t, int64_t) { return static_cast<double>(labels[t]); }
template <class T>
T number_at(const RowMajor<T>& frames, int64_t t, int64_t d) {
  return frames(t, d);
}

/// `of(l)` is a pointer to the sequence of lane l, for l < count.
template <class T, class Of>
auto pack(int count, const Of& of) {
  constexpr auto width_in_lanes = lanes<T>;
  using Sequence = std::remove_cvref_t<decltype(*of(0))>;
  Packed<T, Sequence> packed;
  for (int l = 0; l < width_in_lanes; ++l) {
    packed.sequences[l] = of(l < count ? l : 0);
    packed.length = std::max(packed.length, packed.length_of(l));
  }
  packed.width = width_of(*packed.sequences[0]);
  packed.numbers.assign(packed.length * packed.width * width_in_lanes, T{0});
  for (int l = 0; l < width_in_lanes; ++l)
    for (int64_t t = 0; t < packed.length_of(l); ++t)
      for (int64_t d = 0; d < packed.width; ++d)
        packed.numbers[(t * packed.width + d) * width_in_lanes + l] = number_at(*packed.sequences[l], t, d);
  return packed;
}

}  // namespace idcl::trajectory::detail
