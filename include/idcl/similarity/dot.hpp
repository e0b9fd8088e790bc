#pragma once

#include "idcl/similarity/similarity.hpp"

namespace idcl::similarity {

/// s_ij = <x_i, y_j>, unbounded: rows are used as they are.
struct Dot {
  Tensor embed(const Tensor& x) const { return at_least_float(x); }
};

static_assert(Similarity<Dot>);

}  // namespace idcl::similarity
