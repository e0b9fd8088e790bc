// float32 where losses are small: gradients as good as those of an eager composition.

#include "idcl/losses/clip.hpp"
#include "idcl/losses/idcl.hpp"
#include "idcl/losses/sup_con.hpp"
#include "support/compare.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <sstream>

namespace {

namespace F = idcl::functional;
using namespace idcl::test;

using Loss = std::function<Tensor(const Tensor&)>;

Tensor unit(const Tensor& x) { return x / x.norm(2, {1}, true); }

/// What users write: the whole matrix, log-sum-exp minus log-sum-exp.
Tensor eager_in(const Tensor& x, const Tensor& positive, double temperature) {
  const auto u = unit(x);
  const auto logits = at::mm(u, u.t()) / temperature;
  const auto lowest = -std::numeric_limits<double>::infinity();
  const auto self = at::eye(x.size(0), at::kBool);
  return (logits.masked_fill(self, lowest).logsumexp(1) - logits.masked_fill(positive.logical_not(), lowest).logsumexp(1)).mean();
}

Tensor eager_clip(const Tensor& x, double scale) {
  const auto half = x.size(1) / 2;
  const auto logits = scale * at::mm(unit(x.narrow(1, 0, half)), unit(x.narrow(1, half, half)).t());
  const auto target = at::arange(x.size(0), at::kLong);
  return (at::cross_entropy_loss(logits, target) + at::cross_entropy_loss(logits.t(), target)) / 2;
}

/// The spread of rows around their common part at which `loss` has the value `target`.
double solve_spread(const std::function<Tensor(double)>& rows, const Loss& loss, double target) {
  double low = 1e-3, high = 10;  // the wider rows are spread, the smaller the loss
  for (int i = 0; i < 60; ++i) {
    const double middle = std::sqrt(low * high);
    (loss(rows(middle)).item<double>() > target ? low : high) = middle;
  }
  return high;
}

/// The float32 gradient's distance from the float64 one.
double error(const Loss& loss, const Tensor& x, const Tensor& exact) {
  const auto slope = gradient([&](const Inputs& in) { return loss(in[0]); }, {x.to(at::kFloat).requires_grad_()})[0];
  return (slope.to(at::kDouble) - exact).norm().item<double>();
}

void check_saturated(const std::string& name, const std::function<Tensor(double)>& rows, const Loss& eager,
                     const std::function<Tensor(const Tensor&, const Setting&)>& ours) {
  for (const double target : {1e-1, 1e-3, 1e-5}) {
    const auto x = rows(solve_spread(rows, eager, target)).to(at::kFloat).to(at::kDouble);
    const double value = eager(x).item<double>();
    REQUIRE(std::abs(value / target - 1) < 0.1);
    const auto exact = gradient([&](const Inputs& in) { return eager(in[0]); }, as_leaves({x}))[0];
    const double allowed = 3 * error(eager, x, exact);
    for (const auto& setting : {dense(), streaming(8), streaming()}) {
      std::ostringstream where;
      where << name << ", loss " << target << ", " << setting;
      const double off = error([&](const Tensor& in) { return ours(in, setting); }, x, exact);
      INFO(where.str() << ", the exact gradient's norm is " << exact.norm().item<double>());
      CHECK(off <= allowed);
      // the loss itself: no coarser than the logits it comes from
      const double loss_off = std::abs(ours(x.to(at::kFloat), setting).item<double>() - value),
                   eager_off = std::abs(eager(x.to(at::kFloat)).item<double>() - value);
      CHECK(loss_off <= std::max(3 * eager_off, 1e-5 * value));
    }
  }
}

}  // namespace

TEST_CASE("saturated CLIP: float32 gradients as good as eager ones") {
  constexpr int64_t n = 48, d = 16;
  Random random(1);
  const auto common = random.normal({1, d}), own = random.normal({n, d}), noise = random.normal({n, d});
  const auto rows = [&](double spread) { return at::cat({common + spread * own, common + spread * (own + 0.1 * noise)}, 1); };
  check_saturated(
      "clip", rows, [](const Tensor& x) { return eager_clip(x, 100); },
      [&](const Tensor& x, const Setting& setting) {
        return F::clip_loss(x.narrow(1, 0, d), x.narrow(1, d, d), 100.0, with(idcl::ClipLossOptions(), setting, x.scalar_type()));
      });
}

TEST_CASE("saturated IDCL and SupCon: float32 gradients as good as eager ones") {
  constexpr int64_t groups = 12, size = 4, d = 16;
  Random random(2);
  const auto common = random.normal({1, d}), noise = random.normal({groups * size, d});
  const auto centre = at::eye(groups, d, at::kDouble).repeat_interleave(size, 0);
  const auto labels = at::arange(groups, at::kLong).repeat_interleave(size);
  const auto positive = labels.unsqueeze(1).eq(labels).logical_xor(at::eye(groups * size, at::kBool));
  const auto rows = [&](double spread) { return common + spread * (centre + 0.05 * noise); };  // a row's neighbours are its group
  for (const double temperature : {0.05, 0.01}) {
    const auto eager = [&](const Tensor& x) { return eager_in(x, positive, temperature); };
    const auto name = ", temperature " + std::to_string(temperature);
    check_saturated("idcl" + name, rows, eager, [&](const Tensor& x, const Setting& setting) {
      return F::idcl_loss(centre.to(x.scalar_type()), x,
                          with(idcl::IDCLLossOptions().num_neighbors(size - 1).temperature(temperature), setting, x.scalar_type()));
    });
    check_saturated("idcl_pair" + name, rows, eager, [&](const Tensor& x, const Setting& setting) {
      return F::idcl_pair_loss(x, x,
                               with(idcl::IDCLLossOptions().num_neighbors(size - 1).temperature(temperature), setting, x.scalar_type()));
    });
    check_saturated("sup_con" + name, rows, eager, [&](const Tensor& x, const Setting& setting) {
      return F::sup_con_loss(x, labels, with(idcl::SupConLossOptions().form("in").temperature(temperature), setting, x.scalar_type()));
    });
  }
}
