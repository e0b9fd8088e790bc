#pragma once

#include "idcl/objective/log_sum_exp.hpp"
#include "idcl/objective/objective.hpp"

#include <concepts>
#include <tuple>

namespace idcl {

/// How similarities to the centres of a class become one to the class: s [n, c, k] -> [n, c]. `spread` takes both, and carries slopes
/// [n, c] with respect to the classes' similarities back to the centres': [n, c, k].
template <class P>
concept Pool = std::copyable<P> && requires(const P& pool, const Tensor& x) {
  { pool(x) } -> std::same_as<Tensor>;
  { pool.spread(x, x, x) } -> std::same_as<Tensor>;
};

namespace pool {

/// The nearest centre; all of the slope is its own.
struct Maximum {
  Tensor operator()(const Tensor& s) const { return std::get<0>(s.max(2)); }
  Tensor spread(const Tensor& s, const Tensor& /*pooled*/, const Tensor& slopes) const {
    return at::zeros_like(s).scatter(2, std::get<1>(s.max(2, /*keepdim=*/true)), slopes.unsqueeze(2));
  }
};

/// The mean of the centres' similarities, weighted by their softmax: sum_k p_k s_k, p = softmax(s / gamma).
struct SoftMaximum {
  double gamma = 0.1;  ///< > 0, in units of similarity; towards 0 it is the maximum

  Tensor operator()(const Tensor& s) const { return (at::softmax(s / gamma, 2) * s).sum(2); }
  Tensor spread(const Tensor& s, const Tensor& pooled, const Tensor& slopes) const {
    return at::softmax(s / gamma, 2) * ((s - pooled.unsqueeze(2)) / gamma + 1) * slopes.unsqueeze(2);
  }
};

static_assert(Pool<Maximum> && Pool<SoftMaximum>);

}  // namespace pool

namespace objective {

/// What a softmax over classes of several centres is made of: two numbers a row, from one pass over the centres:
///
///   n_i = log sum_{c != y_i} exp(scale * s_ic)          the other classes
///   o_i = s_{i, y_i}                                    the row's own class
///
/// A margin maps o_i and leaves n_i alone, so a loss is a few numbers a row from here: softplus(n_i - scale * psi(o_i)). References are
/// the `group` centres of one class after the other, pooled. The two come as parts, [n, 2]. Twice differentiable.
template <Pool P>
struct ClassLogits {
  static constexpr int passes = 1;
  double scale = 1;   ///< > 0: of the logits
  int64_t group = 1;  ///< >= 1, centres a class; no tile parts them
  P pool{};

  struct Rows {
    Tensor others;  ///< log-sum-exp over the other classes, [n]
    Tensor own;     ///< similarity to the own class, [n]
    auto members() { return std::tie(others, own); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::full({n}, kNothing, options), at::zeros({n}, options)}; }

  void update(Rows& rows, const Tile& tile, int /*pass*/) const {
    const auto classes = classes_of(tile);
    merge(rows, {log_sum_exp(classes.others.keep_(classes.similarity * scale, kNothing)), classes.own.keep(classes.similarity, 0).sum(1)});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.others = at::logaddexp(rows.others, other.others);
    rows.own = rows.own + other.own;
  }

  Tensor loss(const Rows& rows) const { return at::stack({rows.others, rows.own}, 1); }  // [n, 2]

  Tensor terms(const Rows& rows) const { return at::ones({rows.own.size(0), 2}, rows.own.options().requires_grad(false)); }

  Tensor gradient(const Rows& rows, const Tile& tile, const Tensor& upstream) const {
    return weights(rows, tile, upstream.select(1, 0), upstream.select(1, 1));
  }

  Tensor pull(const Rows& rows, const Tile& tile, const Rows& slope) const { return weights(rows, tile, slope.others, slope.own); }

 private:
  struct Classes {
    Tensor similarity;  ///< [n, c]
    PairSet own, others;
  };

  Tensor centres_of(const Tile& tile) const { return tile.similarity.reshape({tile.rows(), tile.cols() / group, group}); }

  Classes classes_of(const Tile& tile) const {
    const auto of_class = [&](const PairSet& set) {
      const auto mask = set.as_mask(tile.rows(), tile.cols(), tile.similarity.device());
      return PairSet::mask(mask.reshape({tile.rows(), tile.cols() / group, group}).select(2, 0));
    };
    return {pool(centres_of(tile)), of_class(tile.positive), of_class(tile.negative())};
  }

  /// a_i dn_i/ds + b_i do_i/ds: [n, m].
  Tensor weights(const Rows& rows, const Tile& tile, const Tensor& a, const Tensor& b) const {
    const auto classes = classes_of(tile);
    const auto share = softmax_share(classes.others.keep_(classes.similarity * scale, kNothing), rows.others);
    const auto others = share * column((a * scale).masked_fill(is_empty(rows.others), 0));  // nothing to share among no classes
    const auto own = classes.own.as_mask(share.size(0), share.size(1), share.device());
    return pool.spread(centres_of(tile), classes.similarity, at::where(own, column(b), others)).reshape({tile.rows(), tile.cols()});
  }
};

static_assert(TwiceDifferentiable<ClassLogits<pool::Maximum>> &&
              TwiceDifferentiable<ClassLogits<pool::SoftMaximum>>);

}  // namespace objective
}  // namespace idcl
