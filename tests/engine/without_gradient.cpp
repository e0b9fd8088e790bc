#include "engine/incomplete.hpp"

struct WithoutGradient : idcl::test::Incomplete {
  void merge(Rows& rows, const Rows& other) const { whole.merge(rows, other); }
};

auto loss = idcl::ContrastiveLoss{idcl::similarity::Cosine{}, idcl::mining::Labels{}, WithoutGradient{}};
