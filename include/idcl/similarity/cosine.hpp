#pragma once

#include "idcl/core/check.hpp"
#include "idcl/similarity/similarity.hpp"
#include "idcl/similarity/unit_rows.hpp"

namespace idcl::similarity {

/// s_ij = <x_i, y_j> / (max(|x_i|, eps) max(|y_j|, eps)), in [-1, 1]. A zero row has similarity 0 to every other and itself.
struct Cosine {
  double eps = 1e-12;  ///< > 0: the norm below which a row counts as zero

  Tensor embed(const Tensor& x) const {  // [N, D]
    check::positive("idcl::similarity::Cosine", "eps", eps);
    return unit_rows(at_least_float(x), eps);
  }
};

static_assert(Similarity<Cosine>);

}  // namespace idcl::similarity
