// The measures of sequences as operators of a Python process, so that compare_trajectory.py can time them beside their peers:
// torch.ops.idcl_bench_trajectory.*

#include <idcl/losses/soft_dtw.hpp>
#include <idcl/trajectory/dtw.hpp>
#include <idcl/trajectory/torch/nearest.hpp>
#include <idcl/trajectory/torch/pairwise.hpp>

#include <torch/library.h>

namespace {

using at::Tensor;

idcl::trajectory::Dtw<> banded(int64_t radius) {
  return radius < 0 ? idcl::trajectory::Dtw<>{} : idcl::trajectory::Dtw<>{.radius = radius};
}

/// series: [N, L]; radius < 0: no band.
Tensor pairwise_dtw(const Tensor& series, int64_t radius) {
  return idcl::trajectory::pairwise(banded(radius), series.unsqueeze(2), at::full({series.size(0)}, series.size(1), at::kLong));
}

/// series: numbers or labels [N, L].
std::tuple<Tensor, Tensor, double> nearest_dtw(const Tensor& series, int64_t radius, int64_t k) {
  const auto values = series.is_floating_point() ? series.unsqueeze(2) : series;
  const auto found = idcl::trajectory::nearest(banded(radius), values, at::full({series.size(0)}, series.size(1), at::kLong), k);
  return {found.distances, found.indices, found.pruned};
}

Tensor soft_dtw(const Tensor& x, const Tensor& y, double gamma, bool dense) {
  const auto evaluator = dense ? idcl::Evaluator::Dense : idcl::Evaluator::Auto;
  return idcl::functional::soft_dtw_loss(
      x, y, idcl::SoftDtwLossOptions().gamma(gamma).divergence(false).evaluator(evaluator).reduction(torch::kNone));
}

}  // namespace

TORCH_LIBRARY(idcl_bench_trajectory, library) {
  library.def("pairwise_dtw", pairwise_dtw);
  library.def("nearest_dtw", nearest_dtw);
  library.def("soft_dtw", soft_dtw);
}
