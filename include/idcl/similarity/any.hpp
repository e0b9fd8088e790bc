#pragma once

#include "idcl/similarity/similarity.hpp"

#include <functional>
#include <utility>

namespace idcl::similarity {

/// Any similarity, chosen at run time: what the `similarity` option of named losses holds.
///
///     MultiSimilarityLossOptions().similarity(similarity::Euclidean{.power = 2})
class Any {
 public:
  template <class S>
    requires(!std::same_as<S, Any>) && Similarity<S>
  Any(S similarity)  // NOLINT(google-explicit-constructor): an option is set by the similarity itself
      : symmetric(metric_of(similarity).symmetric),
        distance(is_distance(similarity)),
        metric_(metric_of(similarity)),
        embed_([similarity](const Tensor& x) { return similarity.embed(x); }),
        references_([similarity](const Tensor& y) { return embed_references(similarity, y); }),
        both_([similarity](const Tensor& x) { return embed_both(similarity, x); }) {}

  Tensor embed(const Tensor& x) const { return embed_(x); }
  Tensor references(const Tensor& y) const { return references_(y); }
  std::pair<Tensor, Tensor> both(const Tensor& x) const { return both_(x); }
  const Metric& metric() const { return metric_; }

  bool symmetric, distance;

 private:
  Metric metric_;
  std::function<Tensor(const Tensor&)> embed_, references_;
  std::function<std::pair<Tensor, Tensor>(const Tensor&)> both_;
};

}  // namespace idcl::similarity
