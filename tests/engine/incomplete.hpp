#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/similarity/cosine.hpp"

namespace idcl::test {

/// InfoNCE without `merge` and `gradient`.
struct Incomplete {
  static constexpr int passes = 1;
  using Rows = objective::InfoNCE::Rows;
  objective::InfoNCE whole{};
  Rows begin(int64_t n, const at::TensorOptions& options) const { return whole.begin(n, options); }
  void update(Rows& rows, const Tile& tile, int pass) const { whole.update(rows, tile, pass); }
  Tensor loss(const Rows& rows) const { return whole.loss(rows); }
  Tensor terms(const Rows& rows) const { return whole.terms(rows); }
};

}  // namespace idcl::test
