// What is refused, by its text.

#include "idcl/trajectory/torch.hpp"
#include "support/catch.hpp"
#include "trajectory/message_of.hpp"

namespace {

namespace trajectory = idcl::trajectory;

using idcl::test::message_of;

const auto labels = [] { return at::tensor({0, 1, 2, 1}, at::kLong); };
const auto rows = [] { return at::ones({4, 2}, at::kDouble); };
const auto none = std::vector<int>{};
const auto some = std::vector<int>{1, 2};

}  // namespace

TEST_CASE("empty sequences are refused, but by the edit distance") {
  CHECK(message_of([] { trajectory::Histogram{}(none, some); }) ==
        "idcl::trajectory::Histogram: expected a sequence of at least one element, but got an empty one");
  CHECK(message_of([] { trajectory::SegmentHistogram{}(some, none); }) ==
        "idcl::trajectory::SegmentHistogram: expected a sequence of at least one element, but got an empty one");
  CHECK(message_of([] { trajectory::Bigram{}(none, none); }) ==
        "idcl::trajectory::Bigram: expected a sequence of at least one element, but got an empty one");
  CHECK(message_of([] { trajectory::Dtw{}(none, some); }) ==
        "idcl::trajectory::Dtw: expected a sequence of at least one element, but got an empty one");
  CHECK(message_of([] { trajectory::SoftDtw{}(rows(), rows().narrow(0, 0, 0)); }) ==
        "idcl::trajectory::SoftDtw: expected a sequence of at least one element, but got an empty one");
  CHECK(trajectory::EditDistance{}(none, some) == 1);
  CHECK(trajectory::EditDistance{}(some, none) == 1);
  CHECK(trajectory::EditDistance{}(none, none) == 0);
  CHECK(trajectory::pairwise(trajectory::EditDistance{}, labels(), at::tensor({0, 4, 0}, at::kLong))
            .equal(at::tensor({0., 1., 0., 1., 0., 1., 0., 1., 0.}, at::kDouble).view({3, 3})));
}

TEST_CASE("labels out of range, and numbers that are none") {
  CHECK(message_of([] { trajectory::Histogram{.num_classes = 2}(some, some); }) ==
        "idcl::trajectory::Histogram: expected labels in [0, 2), `num_classes` being 2, but got 2");
  CHECK(message_of([] { trajectory::Histogram{}(std::vector{-1}, some); }) ==
        "idcl::trajectory::Histogram: expected labels in [0, 1024), `num_classes` being 1024, but got -1");
  CHECK(message_of([] { trajectory::EditDistance{}(std::vector{-1}, some); }) ==
        "idcl::trajectory::EditDistance: expected labels >= 0, but got -1");
  auto bad = rows();
  bad[1][1] = std::nan("");
  CHECK(message_of([&] { trajectory::Dtw{}(rows(), bad); }) ==
        "idcl::trajectory::Dtw: expected finite values, but got a NaN or an infinity");
  CHECK(message_of([&] { trajectory::SoftDtwDivergence{}(bad, rows()); }) ==
        "idcl::trajectory::SoftDtwDivergence: expected finite values, but got a NaN or an infinity");
}

TEST_CASE("options out of range") {
  CHECK(message_of([] { trajectory::SoftDtw{.gamma = 0}(rows(), rows()); }) ==
        "idcl::trajectory::SoftDtw: expected `gamma` to be finite and > 0, but got 0");
  CHECK(message_of([] { trajectory::SoftDtwDivergence{.gamma = -1}(rows().requires_grad_(), rows()); }) ==
        "idcl::trajectory::SoftDtwDivergence: expected `gamma` to be finite and > 0, but got -1");
  CHECK(message_of([] { trajectory::Dtw{.radius = -1}(rows(), rows()); }) ==
        "idcl::trajectory::Dtw: expected `radius` to be at least 0, but got -1");
  CHECK(message_of([] { trajectory::Dtw{.fraction = -0.5}(rows(), rows()); }) ==
        "idcl::trajectory::Dtw: expected `fraction` to be at least 0, but got -0.5");
  CHECK(message_of([] { trajectory::SegmentHistogram{.segments = 0}(some, some); }) ==
        "idcl::trajectory::SegmentHistogram: expected `segments` to be at least 1, but got 0");
  CHECK(message_of([] { trajectory::Bigram{.num_classes = -1}(some, some); }) ==
        "idcl::trajectory::Bigram: expected `num_classes` to be at least 0, but got -1");
}

TEST_CASE("sequences of another kind, type or width") {
  CHECK(message_of([] { trajectory::EditDistance{}(rows(), rows()); }) ==
        "idcl::trajectory::EditDistance: expected a sequence of labels, but got rows of numbers");
  CHECK(message_of([] { trajectory::Dtw{.cost = trajectory::cost::Euclidean{}}(labels(), labels()); }) ==
        "idcl::trajectory::Dtw: expected a sequence of rows of numbers, but got labels");
  CHECK(message_of([] { trajectory::Dtw{}(rows(), labels()); }) ==
        "idcl::trajectory::Dtw: expected `a` and `b` to have one type, but got Double and Long");
  CHECK(message_of([] { trajectory::Dtw{}(rows(), at::ones({4, 3}, at::kDouble)); }) ==
        "idcl::trajectory::Dtw: expected sequences of one width, but got rows of 2 and of 3");
  CHECK(message_of([] { trajectory::SoftDtw{}(rows(), at::ones({4, 3}, at::kDouble).requires_grad_()); }) ==
        "idcl::trajectory::SoftDtw: expected sequences of one width, but got rows of 2 and of 3");
  CHECK(message_of([] { trajectory::Histogram{}(labels().to(at::kBool), labels()); }) ==
        "idcl::trajectory::Histogram: expected `a` to hold integers (labels) or floating numbers, but got Bool");
  CHECK(message_of([] { trajectory::Histogram{}(labels().view({2, 2}), labels()); }) ==
        "idcl::trajectory::Histogram: expected labels [L] or numbers [L] or [L, D], but got Long [2, 2]");
}

TEST_CASE("lengths that do not fit the values") {
  const auto call = [](const at::Tensor& values, const at::Tensor& lengths) {
    return message_of([&] { trajectory::pairwise(trajectory::EditDistance{}, values, lengths); });
  };
  const auto of = [](std::initializer_list<int64_t> lengths) { return at::tensor(std::vector<int64_t>(lengths), at::kLong); };
  CHECK(call(labels(), of({2, 1})) ==
        "idcl::trajectory::pairwise: expected `lengths` to add up to the 4 rows of `values`, but they add up to 3");
  CHECK(call(labels(), of({5, -1})) == "idcl::trajectory::pairwise: expected `lengths` of 0 and above, but got -1 for sequence 1");
  CHECK(call(labels().view({2, 2}), of({2, 3})) ==
        "idcl::trajectory::pairwise: expected `lengths` in [0, 2], the padded length, but got 3 for sequence 1");
  CHECK(call(labels().view({2, 2}), of({2})) == "idcl::trajectory::pairwise: expected `lengths` to be [2], one a sequence, but got [1]");
  CHECK(call(labels(), of({4}).view({1, 1})) == "idcl::trajectory::pairwise: expected `lengths` to be [N], but got [1, 1]");
  CHECK(call(labels(), of({4}).to(at::kDouble)) ==
        "idcl::trajectory::pairwise: expected `lengths` to be integers or a mask, but got Double");
}
