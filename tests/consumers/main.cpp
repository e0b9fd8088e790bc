#include <idcl/losses/idcl.hpp>

#include <iostream>

namespace F = idcl::functional;

int main() {
  at::manual_seed(0);
  const auto text = at::randn({64, 16}), audio = at::randn({64, 16}).requires_grad_();
  const auto loss = F::idcl_loss(text, audio, idcl::IDCLLossOptions().num_neighbors(5));
  loss.backward();
  std::cout << "loss " << loss.item<double>() << '\n';
  return loss.item<double>() > 0 && audio.grad().isfinite().all().item<bool>() ? 0 : 1;
}
