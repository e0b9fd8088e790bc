// All pairs: each measured once, in as many threads as there are, the same in any number; and what measures of many pairs promise.

#include "idcl/losses/soft_dtw.hpp"
#include "idcl/trajectory/per_length.hpp"
#include "idcl/trajectory/torch.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"
#include "support/threads.hpp"

#include <ATen/record_function.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

namespace {

namespace trajectory = idcl::trajectory;
using namespace idcl::test;

/// Who measured which pair.
struct Seen {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::multiset<std::pair<int64_t, int64_t>> pairs;
};

/// The difference of first labels, and a note of each call.
struct Watched {
  static constexpr auto name = "Watched";
  Seen* seen;
  int64_t prepare(const trajectory::Labels& labels) const { return labels[0]; }
  double distance(int64_t a, int64_t b) const {
    const std::lock_guard lock(seen->mutex);
    seen->threads.insert(std::this_thread::get_id());
    seen->pairs.insert(std::minmax(a, b));
    return static_cast<double>(std::abs(a - b));
  }
};

}  // namespace

TEST_CASE("pairwise measures each pair once, and two threads share the work") {
  Seen seen;
  const Threads two(2);
  const auto labels = at::arange(40, at::kLong), lengths = at::ones({40}, at::kLong);
  const auto matrix = trajectory::pairwise(Watched{&seen}, labels, lengths);
  CHECK(matrix.equal((labels.unsqueeze(1) - labels).abs().to(at::kDouble)));
  CHECK(seen.pairs.size() == 40 * 41 / 2);
  CHECK(std::set(seen.pairs.begin(), seen.pairs.end()).size() == seen.pairs.size());
  CHECK(seen.threads.size() == 2);
}

TEST_CASE("all pairs, the nearest and those within a distance are the same in one thread and in two") {
  Random random(1);
  const auto rows = random.normal({30, 9, 2}), lengths = random.integers(9, {30}) + 1;
  const auto of = [&](int threads, const auto& measure) {
    const Threads now(threads);
    return std::tuple(trajectory::pairwise(measure, rows, lengths), trajectory::nearest(measure, rows, lengths, 5),
                      trajectory::within(measure, rows, lengths, 0.5));
  };
  const auto check = [&](const auto& measure) {
    const auto [matrix, near, within] = of(1, measure);
    const auto [other_matrix, other_near, other_within] = of(2, measure);
    CHECK(matrix.equal(other_matrix));
    CHECK(near.distances.equal(other_near.distances));
    CHECK(near.indices.equal(other_near.indices));
    CHECK(near.pruned == other_near.pruned);
    CHECK(within.begin == other_within.begin);
    CHECK(within.indices == other_within.indices);
    CHECK(within.pruned == other_within.pruned);
  };
  check(trajectory::Dtw{.radius = 2});
  check(trajectory::PerLength{.measure = trajectory::Dtw{}});
  check(trajectory::SoftDtwDivergence{.gamma = 0.1});
}

TEST_CASE("a distance is the same from either side, to the last digit") {
  Random random(2);
  for (int64_t n = 1; n <= 9; ++n) {
    const auto x = random.normal({n, 2}), y = random.normal({6, 2});
    const auto check = [&](const auto& measure) { CHECK(measure(x, y).equal(measure(y, x))); };
    check(trajectory::Dtw{});
    check(trajectory::PerLength{.measure = trajectory::Dtw{.radius = 1}});
    check(trajectory::SoftDtw{.gamma = 0.05});
    check(trajectory::SoftDtwDivergence{.gamma = 0.05});
  }
}

TEST_CASE("measures that are metrics keep their range and the triangle inequality") {
  Random random(3);
  const auto labels = random.integers(4, {25, 8}), lengths = random.integers(8, {25}) + 1;
  const auto check = [&](const auto& measure) {
    const Tensor d = trajectory::pairwise(measure, labels, lengths);
    CHECK(d.ge(0).logical_and(d.le(1 + 1e-12)).all().item<bool>());
    CHECK(d.diagonal().eq(0).all().item<bool>());
    const Tensor detour = d.unsqueeze(2) + d.unsqueeze(0);  // i to k over j, [i, j, k]
    CHECK(d.unsqueeze(1).le(detour + 1e-12).all().item<bool>());
  };
  check(trajectory::Histogram{});
  check(trajectory::SegmentHistogram{.segments = 3});
  check(trajectory::Bigram{});
}

TEST_CASE("on anti-diagonals the costs of a batch are one matrix product") {
  Random random(4);
  const auto x = random.normal({7, 6, 3}), y = random.normal({7, 5, 3});
  static std::atomic<int> products;
  const auto count = [&](bool divergence) {
    products = 0;
    const auto handle =
        at::addThreadLocalCallback(at::RecordFunctionCallback([](const at::RecordFunction& call) -> std::unique_ptr<at::ObserverContext> {
                                     const std::string_view name = call.name();
                                     products += name == "aten::bmm" || name == "aten::mm" || name == "aten::matmul";
                                     return nullptr;
                                   }).scopes({at::RecordScope::FUNCTION}));
    idcl::functional::soft_dtw_loss(x, y, idcl::SoftDtwLossOptions().divergence(divergence).evaluator(idcl::Evaluator::Dense));
    at::removeCallback(handle);
    return products.load();
  };
  CHECK(count(false) == 1);
  CHECK(count(true) == 3);  // and of each side with itself
}
