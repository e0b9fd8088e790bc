#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <tuple>

namespace idcl::objective {

/// What objectives share that have one term for each positive pair, against the negatives of its anchor alone:
///
///   t_ip = softplus( n_i - a(s_ip) ),   n_i = log sum_N exp(c s_in)
///
/// A term needs the row's finished n_i, hence two passes. An anchor without negatives has the term 0 for each of its positives. A pair
/// given twice is two terms, and twice in the sum. The objective says what c and a are: `scale()`, `attraction(s)` and its derivative
/// `attraction_slope(s)`.
struct PairTerms {
  Tensor negatives;   ///< n_i, [n]                                    pass 0
  Tensor terms;       ///< sum of softplus, [n]                        pass 1
  Tensor slopes;      ///< sum of its first derivative, sigmoid, [n]   pass 1
  Tensor curvatures;  ///< and of the second, [n]                      pass 1
  Tensor count;       ///< positive pairs, [n]                         pass 1
  auto members() { return std::tie(negatives, terms, slopes, curvatures, count); }

  static PairTerms begin(int64_t n, const at::TensorOptions& options) {
    const auto zeros = [&] { return at::zeros({n}, options); };
    return {at::full({n}, kNothing, options), zeros(), zeros(), zeros(), zeros()};
  }

  template <class O>
  void update(const O& objective, const Tile& tile, int pass) {
    if (pass == 0) {
      negatives = at::logaddexp(negatives, log_sum_exp(repulsion(objective, tile)));
      return;
    }
    const auto& positive = tile.positive;
    const auto gap = gaps(objective, tile);  // [n, p]
    const auto steep = at::sigmoid(gap.detach());
    terms = terms - positive.times(at::log_sigmoid(-gap)).sum(1);
    slopes = slopes + positive.times(steep).sum(1);
    curvatures = curvatures + positive.times(steep * (1 - steep)).sum(1);
    count = count + positive.occurrences(tile.rows(), tile.cols(), gap.options().requires_grad(false));
  }

  void merge(const PairTerms& other) {
    negatives = at::logaddexp(negatives, other.negatives);
    terms = terms + other.terms;
    slopes = slopes + other.slopes;
    curvatures = curvatures + other.curvatures;
    count = count + other.count;
  }

  /// d(sum_i upstream_i t_i) / ds: [n, m]
  template <class O>
  Tensor gradient(const O& objective, const Tile& tile, const Tensor& upstream) const {
    return spread(objective, tile, upstream * slopes, at::sigmoid(gaps(objective, tile)) * column(-upstream));
  }

  /// The state's own slope: negatives through their sum, slopes through the sum and the positive itself.
  template <class O>
  Tensor pull(const O& objective, const Tile& tile, const PairTerms& slope) const {
    const auto steep = at::sigmoid(gaps(objective, tile));
    return spread(objective, tile, slope.negatives + slope.slopes * curvatures, steep * (steep - 1) * column(slope.slopes));
  }

 private:
  template <class O>
  Tensor repulsion(const O& objective, const Tile& tile) const {
    const auto negative = tile.negative();
    return negative.raise(negative.keep(tile.similarity * objective.scale(), kNothing));
  }

  /// n_i - a(s_ip), so low where there is no positive pair that softplus and sigmoid are zero. [n, p]
  template <class O>
  Tensor gaps(const O& objective, const Tile& tile) const {
    return column(negatives) - tile.positive.keep(objective.attraction(tile.similarity), -kNothing);
  }

  /// a_i c (share of n_i) at the negatives, b_ip a'(s_ip) at the positives: [n, m].
  template <class O>
  Tensor spread(const O& objective, const Tile& tile, const Tensor& a, const Tensor& b) const {
    auto result = tile.negative().spread(softmax_share(repulsion(objective, tile), negatives) * column(a * objective.scale()), tile.cols());
    tile.positive.add_(result, tile.positive.times(b * tile.positive.keep(objective.attraction_slope(tile.similarity), 0)));
    return result;
  }
};

}  // namespace idcl::objective
