#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <cmath>
#include <tuple>

namespace idcl::objective {

/// What objectives share that have one term for each positive pair, against the negatives of its anchor alone:
///
///   t_ip = softplus( n_i - a(s_ip) ),   n_i = log sum_N exp(c s_in)
///
/// A term needs the row's finished n_i, hence two passes. An anchor without negatives has the term 0 for each of its positives. A pair
/// given twice is two terms, and twice in the sum. The objective says what c and a are: `scale()`, `attraction(s)` and its derivative
/// `attraction_slope(s)`. Where it has an `epsilon` above zero, that is added to what the term is the logarithm of,
///
///   t_ip = -log( share_ip + epsilon ),   share_ip = sigmoid( a(s_ip) - n_i )
struct PairTerms {
  Tensor negatives;   ///< n_i, [n]                                    pass 0
  Tensor terms;       ///< sum of t_ip, [n]                            pass 1
  Tensor slopes;      ///< sum of its first derivative by n_i, [n]     pass 1
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
    terms = terms + positive.times(term(objective, gap)).sum(1);
    slopes = slopes + positive.times(slope_of(objective, gap.detach())).sum(1);
    curvatures = curvatures + positive.times(curvature_of(objective, gap.detach())).sum(1);
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
    return spread(objective, tile, upstream * slopes, slope_of(objective, gaps(objective, tile)) * column(-upstream));
  }

  /// The state's own slope: negatives through their sum, slopes through the sum and the positive itself.
  template <class O>
  Tensor pull(const O& objective, const Tile& tile, const PairTerms& slope) const {
    return spread(objective, tile, slope.negatives + slope.slopes * curvatures,
                  curvature_of(objective, gaps(objective, tile)) * column(-slope.slopes));
  }

 private:
  template <class O>
  static double epsilon_of(const O& objective) {
    if constexpr (requires { objective.epsilon; }) return objective.epsilon;
    return 0;
  }

  /// t of a gap n_i - a(s_ip), and its derivatives: [n, p]
  template <class O>
  static Tensor term(const O& objective, const Tensor& gap) {
    const auto log_share = at::log_sigmoid(-gap);
    const auto epsilon = epsilon_of(objective);
    if (epsilon == 0) return -log_share;
    return -at::logaddexp(log_share, at::scalar_tensor(std::log(epsilon), gap.options())).masked_fill(is_empty(gap), 0);
  }
  template <class O>
  static Tensor slope_of(const O& objective, const Tensor& gap) {
    const auto steep = at::sigmoid(gap);
    return epsilon_of(objective) == 0 ? steep : steep * kept_share(objective, gap);
  }
  template <class O>
  static Tensor curvature_of(const O& objective, const Tensor& gap) {
    const auto steep = at::sigmoid(gap);
    if (epsilon_of(objective) == 0) return steep * (1 - steep);
    const auto kept = kept_share(objective, gap);
    return steep * kept * ((1 - steep) - steep * (1 - kept));
  }

  /// share / (share + epsilon)
  template <class O>
  static Tensor kept_share(const O& objective, const Tensor& gap) {
    return at::sigmoid(at::log_sigmoid(-gap) - std::log(epsilon_of(objective)));
  }

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
