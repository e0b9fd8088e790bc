#pragma once

#include <ATen/ATen.h>

#include <concepts>
#include <functional>
#include <optional>
#include <utility>

namespace idcl {

using at::Tensor;

/// What is compared: a differentiable map of each row such that the similarity of two elements is the inner product of their maps.
///
/// `embed`: x [N, D] -> [N, E], in float32 or float64 (half and bfloat16 rows are raised to float32).
template <class S>
concept Similarity = std::copyable<S> && requires(const S& similarity, const Tensor& x) {
  { similarity.embed(x) } -> std::same_as<Tensor>;
};

/// A similarity that is more than an inner product of maps: a pointwise function of one.
///
/// `references`: the map of the references' rows, where it is not the anchors'; `both`, where there is one, gives the two of one set.
/// `from_product`: the inner products of a tile, [n, m], and the embedded rows they are of, [n, E] and [m, E] -> s [n, m]; differentiable
/// in the products. `slope`: s -> ds / d product.
/// `symmetric`: is s_ij = s_ji of a set compared with itself? `distance`: are small values close? Where there is one, `settle` is
/// `from_product` without gradient, and may write over the products; where there is, too, `curve` says how s follows the product, and
/// kernels may take it from there.
template <class S>
concept MappedSimilarity = Similarity<S> && requires(const S& similarity, const Tensor& x) {
  { similarity.references(x) } -> std::same_as<Tensor>;
  { similarity.from_product(x, x, x) } -> std::same_as<Tensor>;
  { similarity.slope(x) } -> std::same_as<Tensor>;
  { similarity.symmetric } -> std::convertible_to<bool>;
  { similarity.distance } -> std::convertible_to<bool>;
};

namespace similarity {

/// How a settled similarity follows the product: they differ by a number, s = q, or s = sqrt(q), and does not change at 0.
enum class Curve { Line, Root };

/// The pointwise part of a similarity, whichever it is: one engine serves all.
struct Metric {
  std::function<Tensor(const Tensor& product, const Tensor& u, const Tensor& v)>
      from_product{};  ///< empty: the similarity is the inner product
  std::function<Tensor(const Tensor& similarity)> slope{};
  bool symmetric = true;
  std::function<Tensor(const Tensor& product, const Tensor& u, const Tensor& v)> settle{};  ///< empty: there is none
  std::optional<Curve> curve{};                                                             ///< where `settle` is all there is to know
  bool distance = false;

  bool is_inner() const { return !from_product; }
  Tensor operator()(const Tensor& product, const Tensor& u, const Tensor& v) const {
    return is_inner() ? product : from_product(product, u, v);
  }
};

template <Similarity S>
Metric metric_of(const S& similarity) {
  if constexpr (requires {
                  { similarity.metric() } -> std::convertible_to<Metric>;
                }) {
    return similarity.metric();
  } else if constexpr (MappedSimilarity<S>) {
    Metric metric{[similarity](const Tensor& product, const Tensor& u, const Tensor& v) { return similarity.from_product(product, u, v); },
                  [similarity](const Tensor& s) { return similarity.slope(s); }, similarity.symmetric};
    metric.distance = similarity.distance;
    if constexpr (requires(const Tensor& x) { similarity.settle(x, x, x); }) {
      metric.settle = [similarity](const Tensor& product, const Tensor& u, const Tensor& v) { return similarity.settle(product, u, v); };
      if constexpr (requires { similarity.curve(); }) metric.curve = similarity.curve();
    }
    return metric;
  } else {
    return {};
  }
}

/// The references' rows, embedded.
template <Similarity S>
Tensor embed_references(const S& similarity, const Tensor& y) {
  if constexpr (requires { similarity.references(y); }) {
    return similarity.references(y);
  } else {
    return similarity.embed(y);
  }
}

/// The rows of a set that is compared with itself, embedded as anchors and as references: the same tensor twice where they are the same.
template <Similarity S>
std::pair<Tensor, Tensor> embed_both(const S& similarity, const Tensor& x) {
  if constexpr (requires { similarity.both(x); }) {
    return similarity.both(x);
  } else {
    const auto u = similarity.embed(x);
    return {u, MappedSimilarity<S> ? embed_references(similarity, x) : u};
  }
}

/// Are small values close? Objectives that compare with margins need to know.
template <Similarity S>
bool is_distance(const S& similarity) {
  if constexpr (requires {
                  { similarity.distance } -> std::convertible_to<bool>;
                }) {
    return similarity.distance;
  } else {
    return false;
  }
}

/// float64 stays; every other floating type is computed in float32.
inline Tensor at_least_float(const Tensor& x) {
  return x.scalar_type() == at::kDouble || x.scalar_type() == at::kFloat ? x : x.to(at::kFloat);
}

}  // namespace similarity
}  // namespace idcl
