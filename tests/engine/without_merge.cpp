#include "engine/incomplete.hpp"

struct WithoutMerge : idcl::test::Incomplete {
  at::Tensor gradient(const Rows& rows, const idcl::Tile& tile, const at::Tensor& upstream) const {
    return whole.gradient(rows, tile, upstream);
  }
};

auto loss = idcl::ContrastiveLoss{idcl::similarity::Cosine{}, idcl::mining::Labels{}, WithoutMerge{}};
