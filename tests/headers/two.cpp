#include "everything.hpp"

at::Tensor loss_of_the_other_unit(const at::Tensor& anchor, const at::Tensor& target) {
  return idcl::functional::idcl_loss(anchor, target, idcl::IDCLLossOptions().num_neighbors(2));
}
