// What must hold of any input: symmetry, zero at identity, bands, order of pairs, extreme gammas, memory.

#include "idcl/trajectory/torch.hpp"
#include "support/compare.hpp"
#include "support/memory.hpp"
#include "support/random.hpp"

#include <atomic>

namespace {

namespace trajectory = idcl::trajectory;
using namespace idcl::test;

struct Ragged {
  Tensor labels, rows, lengths;
};

/// Sequences of 1 to `longest` elements, one after the other.
Ragged ragged(Random& random, int64_t count, int64_t longest, int64_t width = 2) {
  const auto lengths = random.integers(longest, {count}) + 1;
  const auto total = lengths.sum().item<int64_t>();
  return {random.integers(5, {total}), random.normal({total, width}), lengths};
}

template <class Check>
void for_each_label_measure(const Check& check) {
  check("Histogram", trajectory::Histogram{});
  check("SegmentHistogram", trajectory::SegmentHistogram{});
  check("Bigram", trajectory::Bigram{});
  check("EditDistance", trajectory::EditDistance{});
  check("Dtw", trajectory::Dtw{});
  check("Dtw in a band", trajectory::Dtw{.radius = 2});
  check("SoftDtwDivergence", trajectory::SoftDtwDivergence{.gamma = 0.1});
}

template <class Check>
void for_each_row_measure(const Check& check) {
  check("Dtw", trajectory::Dtw{});
  check("Dtw in a band", trajectory::Dtw{.radius = 2});
  check("SoftDtw", trajectory::SoftDtw{.gamma = 0.1});
  check("SoftDtwDivergence", trajectory::SoftDtwDivergence{.gamma = 0.1});
}

}  // namespace

TEST_CASE("pairwise is each pair by itself, symmetric, and follows a permutation of the sequences") {
  Random random(1);
  const auto set = ragged(random, 13, 17);
  const auto parts = set.lengths.accessor<int64_t, 1>();
  const auto check = [&](const Tensor& values) {
    return [&, values](const std::string& name, const auto& measure) {
      INFO(name);
      const auto matrix = trajectory::pairwise(measure, values, set.lengths);
      const auto pieces = values.split_with_sizes(at::IntArrayRef(parts.data(), parts.size(0)));
      CHECK(matrix.equal(matrix.t()));
      for (std::size_t i = 0; i < pieces.size(); ++i)
        for (std::size_t j = 0; j < pieces.size(); ++j)
          check_close("a pair", matrix[i][j].template item<double>(), measure(pieces[i], pieces[j]).template item<double>(),
                      {1e-12, 1e-12});
      const auto order = random.permutation(13);
      std::vector<Tensor> moved;
      for (int64_t i = 0; i < 13; ++i) moved.push_back(pieces[order[i].template item<int64_t>()]);
      check_close("permuted", trajectory::pairwise(measure, at::cat(moved), set.lengths.index_select(0, order)),
                  matrix.index_select(0, order).index_select(1, order), {1e-12, 1e-12});
    };
  };
  for_each_label_measure(check(set.labels));
  for_each_row_measure(check(set.rows));
}

TEST_CASE("equal sequences are at distance zero, whatever their neighbours") {
  Random random(2);
  for (const int64_t length : {1, 3, 4, 5, 33}) {
    const auto labels = random.integers(6, {length}), rows = random.normal({length, 3});
    for_each_label_measure([&](const std::string& name, const auto& measure) {
      INFO(name << ", length " << length);
      CHECK(measure(labels, labels.clone()).template item<double>() == 0);
    });
    CHECK(trajectory::Dtw{}(rows, rows.clone()).item<double>() == 0);
    CHECK(trajectory::SoftDtwDivergence{.gamma = 0.5}(rows, rows.clone()).item<double>() == 0);
    CHECK(trajectory::SoftDtwDivergence{.gamma = 0.5}(rows, rows + 0.1).item<double>() > 0);
  }
}

TEST_CASE("a band that is wide enough is no band, and one of zero goes along the diagonal") {
  Random random(3);
  for (const auto& [n, m] : {std::pair<int64_t, int64_t>{9, 9}, {1, 7}, {12, 5}, {8, 64}}) {
    const auto x = random.normal({n, 2}), y = random.normal({m, 2});
    const auto full = trajectory::Dtw{}(x, y).item<double>();
    CHECK(trajectory::Dtw{.radius = std::max(n, m)}(x, y).item<double>() == full);
    CHECK(trajectory::Dtw{.fraction = 1.0}(x, y).item<double>() == full);
    CHECK(trajectory::Dtw{.radius = 1}(x, y).item<double>() >= full);
    CHECK(trajectory::Dtw{.radius = 0}(x, y).equal(trajectory::Dtw{.radius = std::abs(n - m)}(x, y)));  // a narrow band widens
    CHECK(trajectory::Dtw{.fraction = 0}(x, y).equal(trajectory::Dtw{.radius = std::abs(n - m)}(x, y)));
    if (n == m)
      check_close("the diagonal", trajectory::Dtw{.radius = 0}(x, y).item<double>(), (x - y).square().sum().item<double>(), {1e-12, 0});
  }
}

TEST_CASE("labels that are not declared and more classes than occur make no difference") {
  const std::vector<int> a{0, 2, 2, 1, 0, 4}, b{1, 1, 0, 3};
  CHECK(trajectory::Histogram{}(a, b) == trajectory::Histogram{.num_classes = 40}(a, b));
  CHECK(trajectory::SegmentHistogram{}(a, b) == trajectory::SegmentHistogram{.num_classes = 40}(a, b));
  CHECK(trajectory::Bigram{}(a, b) == trajectory::Bigram{.num_classes = 40}(a, b));
  CHECK(trajectory::Bigram{}(a, std::vector{1}) == trajectory::Bigram{.num_classes = 40}(a, std::vector{1}));
}

TEST_CASE("soft-DTW is finite at any gamma, and near Dtw at a small one") {
  Random random(5);
  for (const double scale : {1e-3, 1.0, 1e3})
    for (const double gamma : {1e-3, 1.0, 1e4}) {
      const auto x = (random.normal({40, 2}) * scale).requires_grad_(), y = (random.normal({50, 2}) * scale).requires_grad_();
      const auto value = trajectory::SoftDtw{.gamma = gamma}(x, y);
      value.backward();
      INFO("scale " << scale << ", gamma " << gamma);
      CHECK(std::isfinite(value.item<double>()));
      CHECK(x.grad().isfinite().all().item<bool>());
      CHECK(y.grad().isfinite().all().item<bool>());
      const auto hard = trajectory::Dtw{}(x.detach(), y.detach()).item<double>();
      CHECK(value.item<double>() <= hard + 1e-9 * std::abs(hard));
      CHECK(value.item<double>() >= hard - gamma * 90 * std::log(3));  // at most 3^(n + m) alignments
    }
}

TEST_CASE("values of integers, halves and strided tensors are read as what they hold") {
  Random random(6);
  const auto labels = random.integers(4, {9}), other = random.integers(4, {7});
  const auto expected = trajectory::EditDistance{}(labels, other).item<double>();
  CHECK(trajectory::EditDistance{}(labels.to(at::kInt), other.to(at::kInt)).item<double>() == expected);
  CHECK(trajectory::EditDistance{}(at::stack({labels, labels}, 1).select(1, 0), other).item<double>() == expected);
  const auto x = random.normal({9, 3}).to(at::kBFloat16), y = random.normal({7, 3}).to(at::kBFloat16);
  CHECK(trajectory::Dtw{}(x, y).scalar_type() == at::kFloat);
  CHECK(trajectory::Dtw{}(x, y).equal(trajectory::Dtw{}(x.to(at::kFloat), y.to(at::kFloat))));
  CHECK(trajectory::Dtw{}(x.t().contiguous().t(), y).equal(trajectory::Dtw{}(x, y)));
}

TEST_CASE("pairwise tells how far it is, and takes no sequence at all") {
  Random random(7);
  const auto set = ragged(random, 10, 6);
  std::atomic<int64_t> last = 0, calls = 0, total = 0;
  trajectory::pairwise(trajectory::EditDistance{}, set.labels, set.lengths,
                       {.progress = [&](int64_t done, int64_t pairs) { last = done, total = pairs, ++calls; }});
  CHECK(last == 55);
  CHECK(total == 55);
  CHECK(calls > 0);
  CHECK(trajectory::pairwise(trajectory::EditDistance{}, at::zeros({0}, at::kLong), at::zeros({0}, at::kLong)).sizes() ==
        at::IntArrayRef({0, 0}));
}
