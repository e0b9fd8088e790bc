// Two linear encoders learn that dialogs which sound alike should read alike: IDCL in a LibTorch training loop.

#include <idcl/losses/idcl.hpp>

#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <iostream>

int main() {
  torch::manual_seed(0);
  const auto audio = torch::randn({256, 40}), text = torch::randn({256, 100});  // 256 dialogs, pooled features
  torch::nn::Linear hear(40, 64), read(100, 64);
  auto parameters = hear->parameters();
  for (const auto& parameter : read->parameters()) parameters.push_back(parameter);
  torch::optim::Adam adam(parameters, /*lr=*/0.01);

  idcl::IDCLLoss loss(idcl::IDCLLossOptions().num_neighbors(15).temperature(0.1));
  double first = 0, last = 0;
  for (int step = 0; step < 50; ++step) {
    const auto value = loss(hear(audio), read(text));
    adam.zero_grad();
    value.backward();
    adam.step();
    (step == 0 ? first : last) = value.item<double>();
  }
  std::cout << "loss " << first << " -> " << last << "\n";
  return last < first ? 0 : 1;
}
