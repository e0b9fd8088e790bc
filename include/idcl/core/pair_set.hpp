#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace idcl {

using at::Tensor;

/// What stands in a logit's place where there is no pair: finite, so that differences of two of them are no NaN, and so low
/// that its exponential is zero beside any pair's. A log-sum-exp at or below `kEmpty` has folded no pair.
inline constexpr double kNothing = std::numeric_limits<float>::lowest() / 4;
inline constexpr double kEmpty = kNothing / 2;

/// A set of pairs (anchor i, reference j) inside one tile of the similarity matrix.
///
/// The common sets (none, all, all but the diagonal, the diagonal) are held by name and cost nothing; any other is a boolean
/// mask. An objective needs three verbs: `keep` reads the set's values, `add_` writes to its places, `count` counts its rows.
class PairSet {
 public:
  enum class Kind { None, All, OffDiagonal, Diagonal, Mask };

  static PairSet none() { return {Kind::None, 0, {}}; }
  static PairSet all() { return {Kind::All, 0, {}}; }
  /// All pairs but those of an element with itself. `offset`: first column minus first row of the tile, in the whole matrix.
  static PairSet off_diagonal(int64_t offset) { return {Kind::OffDiagonal, offset, {}}; }
  /// The pairs (i, i) alone.
  static PairSet diagonal(int64_t offset) { return {Kind::Diagonal, offset, {}}; }
  static PairSet mask(Tensor mask) { return {Kind::Mask, 0, std::move(mask)}; }
  /// Pairs that may occur more than once: [n, m], how often each does.
  static PairSet counted(const Tensor& counts) {
    auto result = mask(counts > 0);
    result.counts_ = counts;
    return result;
  }
  /// Pairs of a weight each: [n, m], zero outside of the set. A pair of weight 2 is two pairs, and there may be half a pair.
  static PairSet weighted(const Tensor& weights) {
    auto result = counted(weights);
    result.weighted_ = true;
    return result;
  }

  Kind kind() const { return kind_; }
  bool is_none() const { return kind_ == Kind::None; }
  bool is_all() const { return kind_ == Kind::All; }
  bool is_weighted() const { return weighted_; }

  /// The same pairs, each once however often it was given; weights stay. For objectives that ask who belongs to whom.
  PairSet once() const {
    auto result = *this;
    if (!weighted_) result.counts_ = Tensor();
    return result;
  }

  /// x: [n, m] -> its values at the set's pairs and `fill` elsewhere: [n, p], where p is m, or 1 for a diagonal (one pair a row
  /// at most), or 0 for the empty set. The columns' order is the set's own; reduce over dim 1 or hand the result to `add_`.
  Tensor keep(const Tensor& x, double fill) const;

  /// As `keep`, and may overwrite x where only a diagonal has to go.
  Tensor keep_(Tensor x, double fill) const;

  /// `values`, shaped as `keep` returns them, with zeros outside the set.
  Tensor only(const Tensor& values) const { return kind_ == Kind::Diagonal ? values : keep(values, 0); }

  /// Adds `values`, shaped as `keep` returns them and zero outside the set, to x [n, m] in place.
  void add_(Tensor& x, const Tensor& values) const;

  /// `values`, shaped as `keep` returns them and zero outside the set, as a tile [n, m]; may be `values` itself.
  Tensor spread(const Tensor& values, int64_t m) const;

  /// `values`, shaped as `keep` returns them, each as often as its pair occurs, or by its weight; for sums over pairs.
  Tensor times(const Tensor& values) const { return counts_.defined() ? values * counts_ : values; }

  /// Logits, shaped as `keep` returns them, each raised by the logarithm of how often its pair occurs, or of its weight; for log-sum-
  /// exps over pairs.
  Tensor raise(const Tensor& logits) const { return counts_.defined() ? logits + counts_.clamp_min(kSmallestWeight).log() : logits; }

  /// Pairs a row of an n x m tile, each once however often it occurs: [n], of `options`' type.
  Tensor count(int64_t n, int64_t m, const at::TensorOptions& options) const;

  /// The same, each pair as often as it occurs, or by its weight.
  Tensor occurrences(int64_t n, int64_t m, const at::TensorOptions& options) const {
    return counts_.defined() ? counts_.sum(1).to(options.dtype()) : count(n, m, options);
  }

  /// The set as a boolean mask [n, m].
  Tensor as_mask(int64_t n, int64_t m, const at::Device& device) const;

  /// The pairs of this set that are not in `other`.
  PairSet without(const PairSet& other, int64_t n, int64_t m, const at::Device& device) const;

  /// The same pairs with anchors and references exchanged.
  PairSet transposed() const {
    PairSet result{kind_, -offset_, kind_ == Kind::Mask ? mask_.t() : mask_};
    if (counts_.defined()) result.counts_ = counts_.t();
    result.weighted_ = weighted_;
    return result;
  }

 private:
  PairSet(Kind kind, int64_t offset, Tensor mask) : kind_(kind), offset_(offset), mask_(std::move(mask)) {}

  /// Does the whole matrix's diagonal cross an n x m tile?
  bool crosses(int64_t n, int64_t m) const { return offset_ < n && -offset_ < m; }
  int64_t first_row() const { return std::max<int64_t>(offset_, 0); }
  Tensor diagonal_of(const Tensor& x) const { return x.diagonal(-offset_); }

  Kind kind_;
  int64_t offset_;
  Tensor mask_;
  static constexpr double kSmallestWeight = 1e-37;  // in float32

  Tensor counts_{};        ///< undefined: each pair once
  bool weighted_ = false;  ///< are the counts weights?
};

inline Tensor PairSet::keep(const Tensor& x, double fill) const {
  switch (kind_) {
    case Kind::None:
      return x.narrow(1, 0, 0);  // [n, 0]
    case Kind::All:
      return x;
    case Kind::OffDiagonal:
      return crosses(x.size(0), x.size(1)) ? keep_(x.clone(), fill) : x;
    case Kind::Diagonal: {
      auto values = at::full({x.size(0), 1}, fill, x.options());
      if (crosses(x.size(0), x.size(1))) {
        const auto found = diagonal_of(x);
        values.narrow(0, first_row(), found.size(0)).copy_(found.unsqueeze(1));
      }
      return values;
    }
    case Kind::Mask:
      return at::where(mask_, x, fill);
  }
  return x;
}

inline Tensor PairSet::keep_(Tensor x, double fill) const {
  if (kind_ == Kind::OffDiagonal) {
    if (crosses(x.size(0), x.size(1))) diagonal_of(x).fill_(fill);
    return x;
  }
  return keep(x, fill);
}

inline void PairSet::add_(Tensor& x, const Tensor& values) const {
  if (kind_ == Kind::None) return;
  if (kind_ != Kind::Diagonal) {
    x.add_(values);
  } else if (crosses(x.size(0), x.size(1))) {
    auto target = diagonal_of(x);
    target.add_(values.narrow(0, first_row(), target.size(0)).squeeze(1));
  }
}

inline Tensor PairSet::spread(const Tensor& values, int64_t m) const {
  if (kind_ != Kind::None && kind_ != Kind::Diagonal) return values;
  auto result = at::zeros({values.size(0), m}, values.options());
  add_(result, values);
  return result;
}

inline Tensor PairSet::as_mask(int64_t n, int64_t m, const at::Device& device) const {
  const auto options = at::TensorOptions().dtype(at::kBool).device(device);
  if (kind_ == Kind::Mask) return mask_;
  auto result = at::full({n, m}, kind_ == Kind::All || kind_ == Kind::OffDiagonal, options);
  if ((kind_ == Kind::OffDiagonal || kind_ == Kind::Diagonal) && crosses(n, m)) diagonal_of(result).fill_(kind_ == Kind::Diagonal);
  return result;
}

inline Tensor PairSet::count(int64_t n, int64_t m, const at::TensorOptions& options) const {
  if (kind_ == Kind::None) return at::zeros({n}, options);
  if (kind_ == Kind::All) return at::full({n}, m, options);
  return as_mask(n, m, options.device()).sum(1, /*keepdim=*/false, options.dtype().toScalarType());
}

inline PairSet PairSet::without(const PairSet& other, int64_t n, int64_t m, const at::Device& device) const {
  if (other.is_none() || is_none()) return *this;
  if (kind_ == other.kind_ && kind_ != Kind::Mask) return none();
  if (is_all() && other.kind_ == Kind::Diagonal) return off_diagonal(other.offset_);
  if (other.is_all()) return none();
  if (other.kind_ == Kind::Mask && (is_all() || kind_ == Kind::OffDiagonal)) {
    auto rest = other.mask_.logical_not();
    if (kind_ == Kind::OffDiagonal && crosses(n, m)) diagonal_of(rest).fill_(false);
    return mask(rest);
  }
  return mask(as_mask(n, m, device).logical_and(other.as_mask(n, m, device).logical_not()));
}

}  // namespace idcl
