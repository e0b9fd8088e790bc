#include "everything.hpp"

#include "support/catch.hpp"

at::Tensor loss_of_the_other_unit(const at::Tensor& anchor, const at::Tensor& target);

TEST_CASE("two translation units that include everything link, and agree") {
  const auto anchor = at::randn({8, 4}, at::kDouble), target = at::randn({8, 4}, at::kDouble);
  const auto options = idcl::IDCLLossOptions().num_neighbors(2);
  CHECK(idcl::functional::idcl_loss(anchor, target, options).equal(loss_of_the_other_unit(anchor, target)));
}
