// Every loss of the catalogue that streams: memory linear in the batch, and a second derivative or an error that says so.

#include "support/memory.hpp"
#include "idcl/engine/workspace.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "losses_catalogue/catalogue.hpp"
#include "support/catch.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"

#include <filesystem>
#include <set>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;

constexpr int64_t kWidth = 16;

Batch batch_of(int64_t n, at::ScalarType type = at::kFloat) {
  Random random(1);
  const auto rows = [&](int64_t count) { return random.normal({count, kWidth}, type).requires_grad_(); };
  return {rows(n), rows(n), at::arange(n, at::kLong).floor_divide(8), rows(n / 8)};
}

/// The most bytes beyond inputs that forward and backward hold at a time, gradients included; from an empty workspace.
int64_t peak_of(const CataloguedLoss& loss, int64_t n) {
  const auto batch = batch_of(n);
  release_workspace();
  const Memory memory;
  loss.call(batch, {.evaluation = {.evaluator = Evaluator::Streaming, .workspace_bytes = 128 << 10}}).backward();
  const auto peak = memory.peak();
  release_workspace();
  return peak;
}

}  // namespace

TEST_CASE("no streaming loss holds anything that grows with the square of the batch") {
  for (const auto& loss : catalogue()) {
    const auto half = peak_of(loss, 512), whole = peak_of(loss, 1024);
    INFO(loss.name << ": " << half / 1024 << " KiB at 512 rows, " << whole / 1024 << " KiB at 1024");
    CHECK(static_cast<double>(whole) < 2.1 * static_cast<double>(half));
    CHECK(whole - half < 1024 * 1024 - 512 * 512);  // not a byte for each new pair
  }
}

TEST_CASE("the table is the catalogue") {
  std::set<std::string> headers, named;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(IDCL_TEST_DATA).parent_path() / "include/idcl/losses"))
    if (entry.is_regular_file()) headers.insert(entry.path().stem().string());
  for (const auto& loss : catalogue()) named.insert(loss.name.substr(0, loss.name.find(',')));
  for (const std::string over_dimensions : {"barlow_twins", "vic_reg"}) headers.erase(over_dimensions);
  for (const std::string over_sequences : {"soft_dtw", "trajectory_idcl"}) headers.erase(over_sequences);
  CHECK(named == headers);
}

TEST_CASE("NT-Xent of 8192 rows of 512 holds less than 64 MiB beyond inputs and gradients") {
  Random random(3);
  const auto x = random.normal({8192, 512}, at::kFloat).requires_grad_();
  const auto labels = at::arange(4096, at::kLong).repeat({2});  // two views of each sample
  release_workspace();
  const Memory memory;
  functional::nt_xent_loss(x, labels).backward();
  const auto beyond = memory.peak() - x.numel() * 4;
  INFO(beyond / 1024 / 1024 << " MiB");
  CHECK(beyond < 64 << 20);
  release_workspace();
}

TEST_CASE("a streaming loss has a second derivative, that of the dense evaluator, or an error that says where there is one") {
  for (const auto& loss : catalogue()) {
    const auto second = [&](Evaluator evaluator) {
      const auto batch = batch_of(24, at::kDouble);
      const auto slope = torch::autograd::grad({loss.call(batch, {.evaluation = {.evaluator = evaluator, .workspace_bytes = 4 << 10}})},
                                               {batch.x}, {}, std::nullopt, /*create_graph=*/true)[0];
      return torch::autograd::grad({(slope * at::arange(slope.numel(), slope.options().requires_grad(false)).view(slope.sizes())).sum()},
                                   {batch.x})[0];
    };
    INFO(loss.name);
    if (loss.twice) {
      check_close(loss.name, second(Evaluator::Streaming), second(Evaluator::Dense), {1e-8, 1e-10});
    } else {
      CHECK_THROWS_WITH(second(Evaluator::Streaming), Contains("use Evaluator::Dense"));
    }
  }
}
