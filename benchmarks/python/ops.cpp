// Losses and miners as operators of a Python process, so that compare.py can time them beside their peers: torch.ops.idcl_bench.*

#include "../support/families.hpp"
#include "../support/miners.hpp"

#include <torch/library.h>

namespace {

namespace F = idcl::functional;
using at::Tensor;

idcl::Evaluator evaluator_of(c10::string_view name) {
  if (name == "auto") return idcl::Evaluator::Auto;
  if (name == "dense") return idcl::Evaluator::Dense;
  TORCH_CHECK_VALUE(name == "streaming", "idcl_bench: expected `evaluator` to be auto, dense or streaming, but got \"", name, "\"");
  return idcl::Evaluator::Streaming;
}

Tensor idcl_loss(const Tensor& anchor, const Tensor& target, int64_t k, double temperature, c10::string_view evaluator) {
  return F::idcl_loss(anchor, target, idcl::IDCLLossOptions().num_neighbors(k).temperature(temperature).evaluator(evaluator_of(evaluator)));
}
/// `workspace`: in MiB; half of it may keep similarities for backward.
Tensor idcl_pair_loss(const Tensor& a, const Tensor& b, int64_t k, double temperature, c10::string_view evaluator, int64_t workspace) {
  return F::idcl_pair_loss(a, b,
                           idcl::IDCLLossOptions()
                               .num_neighbors(k)
                               .temperature(temperature)
                               .evaluator(evaluator_of(evaluator))
                               .workspace_bytes(workspace << 20));
}
Tensor clip_loss(const Tensor& image, const Tensor& text, double scale, int64_t workspace) {
  return F::clip_loss(image, text, scale, idcl::ClipLossOptions().normalize(false).workspace_bytes(workspace << 20));
}

/// The loss of support/families.hpp with this name.
Tensor family_loss(c10::string_view name, const Tensor& x, const Tensor& y, const Tensor& labels, const Tensor& proxies,
                   c10::string_view evaluator) {
  static const auto families = bench::families();  // made once, as a user makes what he calls
  for (const auto& family : families)
    if (family.name == name) return family.loss({x, y, labels, proxies}, evaluator_of(evaluator));
  TORCH_CHECK_VALUE(false, "idcl_bench::family_loss: expected the name of a family, but got \"", name, "\"");
}

/// How many indices the miner of support/miners.hpp with this name lists.
int64_t mine(c10::string_view name, const Tensor& x, const Tensor& labels) {
  static const auto miners = bench::miners();
  for (const auto& miner : miners)
    if (miner.name == name) return miner.found(x, labels);
  TORCH_CHECK_VALUE(false, "idcl_bench::mine: expected the name of a miner, but got \"", name, "\"");
}

}  // namespace

TORCH_LIBRARY(idcl_bench, library) {
  library.def("idcl_loss", idcl_loss);
  library.def("idcl_pair_loss", idcl_pair_loss);
  library.def("clip_loss", clip_loss);
  library.def("family_loss", family_loss);
  library.def("mine", mine);
}
