// Memory, in bytes of tensors: linear in the batch, within the workspace, kept and given back.

#include "support/memory.hpp"
#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <functional>
#include <thread>
#include <utility>

namespace {

using namespace idcl;
using namespace idcl::test;
using similarity::Cosine;

constexpr int64_t kWidth = 64;

struct Loss {
  std::string name;
  std::function<Tensor(const Tensor& x, const Tensor& y, const Tensor& labels, const Evaluation&)> call;
};

const std::vector<Loss>& losses() {
  static const std::vector<Loss> all{
      {"idcl",
       [](const Tensor& x, const Tensor& y, const Tensor&, const Evaluation& e) {
         return ContrastiveLoss{Cosine{}, mining::TopK{.k = 15}, objective::InfoNCE{}, reduction::Mean{}, e}(x, mining::in(y));
       }},
      {"idcl_pair",
       [](const Tensor& x, const Tensor& y, const Tensor&, const Evaluation& e) {
         return ContrastiveLoss{Cosine{}, mining::TopK{.k = 15}, objective::InfoNCE{}, reduction::Mean{}, e}.crossed(x, y);
       }},
      {"info_nce",
       [](const Tensor& x, const Tensor& y, const Tensor&, const Evaluation& e) {
         return ContrastiveLoss{Cosine{}, mining::Diagonal{}, objective::InfoNCE{}, reduction::Mean{}, e}(x, y);
       }},
      {"clip",
       [](const Tensor& x, const Tensor& y, const Tensor&, const Evaluation& e) {
         return ContrastiveLoss{Cosine{}, mining::Diagonal{}, objective::InfoNCE{}, reduction::Mean{}, e}.symmetric(x, y);
       }},
      {"sup_con",
       [](const Tensor& x, const Tensor&, const Tensor& labels, const Evaluation& e) {
         return ContrastiveLoss{Cosine{}, mining::Labels{}, objective::SupCon{}, reduction::Mean{}, e}(x, labels);
       }},
  };
  return all;
}

/// The most bytes beyond inputs that forward and backward hold at a time, gradients included; from an empty workspace.
int64_t peak_of(const Loss& loss, int64_t n, const Evaluation& evaluation) {
  Random random(1);
  const auto x = random.normal({n, kWidth}, at::kFloat).requires_grad_(), y = random.normal({n, kWidth}, at::kFloat).requires_grad_();
  const auto labels = random.integers(10, {n});
  release_workspace();
  const Memory memory;
  loss.call(x, y, labels, evaluation).backward();
  const auto peak = memory.peak();
  release_workspace();
  return peak;
}

/// The evaluators that go tile by tile, and a batch for each: kernels that nobody optimised take their time.
constexpr std::pair<Evaluator, int64_t> kTiled[]{{Evaluator::Streaming, 2048}, {Evaluator::Fused, 512}};

Evaluation streamed(int64_t workspace_bytes) { return {.evaluator = Evaluator::Streaming, .workspace_bytes = workspace_bytes}; }

}  // namespace

TEST_CASE("the counter sees what is allocated, freed and largest") {
  const Memory memory;
  {
    const auto a = at::empty({1000}, at::kFloat);
    const auto b = at::empty({10}, at::kDouble);
    CHECK(memory.current() == 4080);
  }
  CHECK(memory.current() == 0);
  CHECK(memory.peak() == 4080);
  CHECK(memory.largest() == 4000);
}

TEST_CASE("streaming memory grows linearly with the batch, dense memory with its square") {
  for (const auto& loss : losses()) {
    INFO(loss.name);
    for (const auto& [evaluator, n] : kTiled) {
      const Evaluation evaluation{.evaluator = evaluator, .workspace_bytes = 64 << 10};
      CHECK(static_cast<double>(peak_of(loss, n, evaluation)) / static_cast<double>(peak_of(loss, n / 2, evaluation)) < 2.1);
    }
    const double dense = static_cast<double>(peak_of(loss, 1024, {.evaluator = Evaluator::Dense})) /
                         static_cast<double>(peak_of(loss, 512, {.evaluator = Evaluator::Dense}));
    CHECK(dense > 3.5);
  }
}

TEST_CASE("streaming holds less than dense does") {
  for (const auto& loss : losses()) {
    const auto streaming = peak_of(loss, 2048, streamed(1 << 20)), dense = peak_of(loss, 2048, {.evaluator = Evaluator::Dense});
    INFO(loss.name << ": " << streaming / 1024 << " KiB streaming, " << dense / 1024 << " KiB dense");
    CHECK(streaming < dense / 8);
    CHECK(peak_of(loss, 2048, {.evaluator = Evaluator::Auto, .workspace_bytes = 1 << 20}) < dense / 8);  // fused
  }
}

TEST_CASE("a workspace of so many bytes adds no more than those") {
  for (const auto& loss : losses()) {
    for (const auto& [evaluator, n] : kTiled) {
      const auto least = peak_of(loss, n, {.evaluator = evaluator, .workspace_bytes = 8 << 10});  // small tiles: what is left is linear
      for (const int64_t bytes : {128 << 10, 1 << 20, 4 << 20}) {
        const auto peak = peak_of(loss, n, {.evaluator = evaluator, .workspace_bytes = bytes});
        INFO(loss.name << (evaluator == Evaluator::Fused ? ", fused, " : ", streaming, ") << bytes / 1024
                       << " KiB of workspace: " << (peak - least) / 1024 << " KiB more than with almost none");
        CHECK(peak - least <= bytes);
      }
    }
  }
}

TEST_CASE("what is linear are rows, their embedding and their gradients: no more than a dozen sets of rows") {
  for (const auto& loss : losses()) {
    constexpr int64_t n = 2048, rows = n * kWidth * 4;
    const auto least = peak_of(loss, n, streamed(8 << 10));
    INFO(loss.name << ": " << static_cast<double>(least) / rows << " sets of rows");
    CHECK(least <= 12 * rows);
  }
}

TEST_CASE("nothing is left but the workspace, once loss and gradients are gone") {
  for (const auto& loss : losses()) {
    Random random(2);
    const auto labels = random.integers(10, {300});
    release_workspace();
    const Memory memory;
    {
      const auto x = random.normal({300, kWidth}, at::kFloat).requires_grad_(),
                 y = random.normal({300, kWidth}, at::kFloat).requires_grad_();
      loss.call(x, y, labels, streamed(1 << 20)).backward();
    }
    INFO(loss.name);
    CHECK(memory.current() == engine::Workspace::of_this_thread().bytes());
    release_workspace();
    CHECK(memory.current() == 0);
  }
}

TEST_CASE("the workspace is kept, used again, grown when it has to and given back") {
  const auto x = Random(3).normal({1000, 8}, at::kFloat), y = Random(4).normal({1000, 8}, at::kFloat);
  const auto labels = at::zeros({1000}, at::kLong);
  const auto& loss = losses().back();
  auto& workspace = engine::Workspace::of_this_thread();
  release_workspace();
  CHECK(workspace.bytes() == 0);

  loss.call(x, y, labels, streamed(1 << 20));
  const auto bytes = workspace.bytes();
  CHECK(bytes > 0);
  CHECK(bytes <= 1 << 20);
  const auto* place = workspace.take(1, at::kFloat).data_ptr();
  {
    const Memory memory;
    loss.call(x, y, labels, streamed(1 << 20));
    CHECK(memory.largest() < bytes + 1);
    CHECK(workspace.take(1, at::kFloat).data_ptr() == place);
  }
  loss.call(x, y, labels, streamed(1 << 10));  // smaller tiles fit into it
  CHECK(workspace.take(1, at::kFloat).data_ptr() == place);
  loss.call(x.to(at::kDouble), y.to(at::kDouble), labels, streamed(1 << 10));  // and so do those of another type
  CHECK(workspace.take(1, at::kFloat).data_ptr() == place);
  loss.call(x, y, labels, streamed(4 << 20));
  CHECK(workspace.bytes() > bytes);

  release_workspace();
  CHECK(workspace.bytes() == 0);
  CHECK(loss.call(x, y, labels, streamed(1 << 20)).isfinite().item<bool>());
}

TEST_CASE("each thread has a workspace of its own") {
  const auto x = Random(5).normal({200, 8}, at::kFloat);
  const auto labels = Random(6).integers(5, {200});
  const auto& loss = losses().back();
  const auto expected = loss.call(x, x, labels, streamed(1 << 16)).item<double>();
  release_workspace();
  std::vector<double> values(4);
  std::vector<int64_t> bytes(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < values.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 5; ++repeat) values[i] = loss.call(x, x, labels, streamed(1 << 16)).item<double>();
      bytes[i] = engine::Workspace::of_this_thread().bytes();
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(values[i] == expected);
    CHECK(bytes[i] > 0);
  }
  CHECK(engine::Workspace::of_this_thread().bytes() == 0);
}

TEST_CASE("tiles have the largest side that the workspace holds, and no more than the set needs") {
  for (const int64_t itemsize : {4, 8}) {
    int64_t previous = 0;
    for (int64_t bytes = 1; bytes <= 64 << 20; bytes *= 2) {
      const auto side = engine::tile_side(1 << 20, 1 << 20, false, itemsize, bytes);
      CHECK(side >= 1);
      CHECK(side >= previous);
      CHECK((side == 1 || side * side * itemsize <= bytes));
      previous = side;
    }
  }
  CHECK(engine::tile_side(5, 3, false, 4, 1 << 20) == 5);
  CHECK(engine::tile_side(3, 5, false, 4, 1 << 20) == 5);
  CHECK(engine::tile_side(0, 0, true, 4, 1 << 20) == 1);
  for (const int64_t n : {1, 100, 129, 257, 5000, 65536}) {
    const auto side = engine::tile_side(n, n, true, 4, 32 << 20);
    CHECK(side <= n);
    const auto tiles = (n + side - 1) / side;
    CHECK(tiles * side - n < tiles);  // as equal as can be
  }
}
