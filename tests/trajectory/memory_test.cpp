// What the dynamic programmes hold: a few rows for a value, the tables of the pairs in flight for a gradient.

#include "heap.hpp"
#include "idcl/trajectory/dtw.hpp"
#include "idcl/trajectory/edit_distance.hpp"
#include "idcl/trajectory/nearest.hpp"
#include "idcl/trajectory/soft_dtw.hpp"
#include "idcl/trajectory/within.hpp"
#include "support/catch.hpp"

#include <vector>

namespace {

namespace trajectory = idcl::trajectory;
namespace detail = idcl::trajectory::detail;

std::vector<double> wave(int64_t length, double phase) {
  std::vector<double> values(length);
  for (int64_t t = 0; t < length; ++t) values[t] = std::sin(0.1 * static_cast<double>(t) + phase);
  return values;
}

std::vector<int> cycle(int64_t length, int period) {
  std::vector<int> labels(length);
  for (int64_t t = 0; t < length; ++t) labels[t] = static_cast<int>(t % period);
  return labels;
}

/// Bytes a place of a sequence, at twice the length as at once: memory is linear in it.
template <class Measure, class Make>
void check_linear(const Measure& measure, const Make& make) {
  for (const int64_t length : {500, 1000}) {
    const auto a = make(length, 2), b = make(length, 3);
    INFO("length " << length);
    CHECK(heap::peak_of([&] { measure(a, b); }) < 512 * length);  // the table alone would be 8 * 500 * length
  }
}

}  // namespace

TEST_CASE("a value takes memory linear in the length") {
  check_linear(trajectory::Dtw{}, wave);
  check_linear(trajectory::Dtw{.radius = 10}, wave);
  check_linear(trajectory::SoftDtw{.gamma = 0.1}, wave);
  check_linear(trajectory::Dtw{}, cycle);
  check_linear(trajectory::EditDistance{}, cycle);
}

TEST_CASE("a gradient takes two tables of the pairs side by side") {
  const int64_t length = 200;
  const trajectory::RowMajor<double> a = trajectory::RowMajor<double>::Random(length, 1),
                                     b = trajectory::RowMajor<double>::Random(length, 1);
  const auto x = detail::pack<double>(1, [&](int) { return &a; }), y = detail::pack<double>(1, [&](int) { return &b; });
  const auto tables = 2 * length * length * detail::lanes<double> * static_cast<int64_t>(sizeof(double));
  CHECK(heap::peak_of([&] { detail::soft_gradient(0.5, x, y); }) < tables + 512 * length);
}

TEST_CASE("neither the nearest nor those within a distance take a matrix of pairs") {
  std::vector<std::vector<int>> dialogs;
  for (int i = 0; i < 400; ++i) dialogs.push_back(cycle(4 + i % 7, 1 + i % 4));
  const auto check = [&](const auto& measure) {
    CHECK(heap::peak_of([&] { trajectory::nearest(measure, dialogs, 3); }) < 400 * 400 * 8 / 4);
    const auto found = trajectory::within(measure, dialogs, 0.01).indices.size();
    CHECK(found < 400 * 40);  // all pairs would be 400 * 399
    CHECK(heap::peak_of([&] { trajectory::within(measure, dialogs, 0.01); }) < 400 * 400 * 8 / 4);
  };
  check(trajectory::EditDistance{});
  check(trajectory::Dtw{.radius = 2});
}
