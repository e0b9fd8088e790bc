// Losses forward and backward: fused against streaming, against themselves under autocast to bfloat16, and against the products alone, as
// ratios.
//
//   bench_fused [N ...]      OMP_NUM_THREADS sets the threads; N = 128, 1024 and 8192 unless told otherwise, D = 512, float32
//
// Contestants are timed in turn, round by round, in one process; a figure is the median over the rounds of the paired ratios. "products"
// is the time of the matrix products that the loss cannot do without, measured in the same round as a tile multiplied by hand, and "sgemm"
// their time by the library's N x N x D product.

#include "../tests/support/modes.hpp"
#include "support/sgemm.hpp"

#include <idcl/losses/clip.hpp>
#include <idcl/losses/idcl.hpp>
#include <idcl/losses/sig_lip.hpp>
#include <idcl/losses/sup_con.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

namespace {

namespace F = idcl::functional;
using at::Tensor;
using idcl::Evaluator;

using bench::median;

/// The time of a product of N x N x D, multiplied by hand in tiles.
double seconds_by_hand(int64_t n, int64_t d) {
  const auto side = std::min<int64_t>(n, 256);
  const auto u = at::randn({side, d}), v = at::randn({side, d}).t(), tile = at::empty({side, side});
  const auto tiles = static_cast<double>(n * n) / static_cast<double>(side * side);
  const auto multiply = [&] { idcl::engine::multiply_by_hand(tile, u, v, /*adds=*/false, idcl::simd::widest()); };
  multiply();
  return tiles * bench::seconds_of(multiply);
}

struct Subject {
  const char* name;
  double products;  ///< of N x N x D
  std::function<void(Evaluator)> step;
};

void compare(int64_t n) {
  constexpr int64_t d = 512;
  at::manual_seed(0);
  const auto x = at::randn({n, d}).requires_grad_(), y = at::randn({n, d}).requires_grad_();
  const auto labels = at::arange(n).div(8, "floor").to(at::kLong);
  const auto step = [=](const Tensor& loss) {
    loss.backward();
    x.mutable_grad() = y.mutable_grad() = Tensor();
  };
  const std::vector<Subject> subjects{
      {"idcl", 2.5, [=](Evaluator e) { step(F::idcl_loss(y, x, idcl::IDCLLossOptions().evaluator(e))); }},
      {"idcl_pair", 4, [=](Evaluator e) { step(F::idcl_pair_loss(y, x, idcl::IDCLLossOptions().evaluator(e))); }},
      {"sup_con", 2, [=](Evaluator e) { step(F::sup_con_loss(x, labels, idcl::SupConLossOptions().evaluator(e))); }},
      {"clip", 4, [=](Evaluator e) { step(F::clip_loss(x, y, 1 / 0.07, idcl::ClipLossOptions().evaluator(e))); }},
      {"sig_lip", 3, [=](Evaluator e) { step(F::sig_lip_loss(x, y, 10, -10, idcl::SigLipLossOptions().evaluator(e))); }},
  };
  bench::Sgemm sgemm(n, n, d);
  const int rounds = n <= 256 ? 200 : n <= 2048 ? 20 : 3;
  for (const auto& subject : subjects) {
    subject.step(Evaluator::Streaming);
    subject.step(Evaluator::Auto);
    std::vector<double> streaming, fused, gain, narrow, share, library;
    for (int round = 0; round < rounds; ++round) {
      const auto floor = subject.products * seconds_by_hand(n, d), sgemms = subject.products * sgemm.seconds();
      streaming.push_back(bench::seconds_of([&] { subject.step(Evaluator::Streaming); }));
      fused.push_back(bench::seconds_of([&] { subject.step(Evaluator::Auto); }));
      const auto rounded = bench::seconds_of([&] {
        const idcl::test::Autocast autocast(at::kBFloat16);
        subject.step(Evaluator::Auto);
      });
      gain.push_back(streaming.back() / fused.back());
      narrow.push_back(fused.back() / rounded);
      share.push_back(floor / fused.back());
      library.push_back(sgemms / fused.back());
    }
    std::printf(
        "%-10s N %5lld   streaming %9.3f ms   auto %9.3f ms   streaming/auto %5.2f   auto/autocast %5.2f   products/auto %5.2f   "
        "sgemm/auto %5.2f\n",
        subject.name, static_cast<long long>(n), median(streaming) * 1e3, median(fused) * 1e3, median(gain), median(narrow), median(share),
        median(library));
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<int64_t> sizes;
  for (int i = 1; i < count; ++i) sizes.push_back(std::atoll(arguments[i]));
  if (sizes.empty()) sizes = {128, 1024, 8192};
  for (const auto n : sizes) compare(n);
}
