// The pairs that PyTorch Metric Learning goes by; that they give its losses is what the golden suites of the losses say.

#include "idcl/mining/pml_pairs.hpp"
#include "support/catch.hpp"

namespace {

using namespace idcl;
using Catch::Contains;

at::Tensor integers(std::initializer_list<int64_t> values) { return at::tensor(std::vector<int64_t>(values), at::kLong); }

}  // namespace

TEST_CASE("PML's pairs lack the diagonal where one labels tensor stands twice, and only there") {
  const auto labels = integers({4, 4, 7});
  const auto itself = mining::pml_pairs(labels, labels);
  CHECK(itself.anchor_pos.equal(integers({0, 1})));
  CHECK(itself.positive.equal(integers({1, 0})));
  CHECK(itself.anchor_neg.equal(integers({0, 1, 2, 2})));
  CHECK(itself.negative.equal(integers({2, 2, 0, 1})));
  CHECK(mining::pml_pairs(labels).positive.equal(itself.positive));

  const auto cloned = mining::pml_pairs(labels, labels.clone());
  CHECK(cloned.anchor_pos.equal(integers({0, 0, 1, 1, 2})));
  CHECK(cloned.positive.equal(integers({0, 1, 0, 1, 2})));
  CHECK(cloned.negative.equal(itself.negative));
}

TEST_CASE("PML has no pairs where there is at most one of each kind, or by request where one kind is missing") {
  CHECK(mining::pml_pairs(integers({1}), integers({1, 2})).anchor_pos.numel() == 0);
  CHECK(mining::pml_pairs(integers({1}), integers({1, 2})).anchor_neg.numel() == 0);
  CHECK(mining::pml_pairs(integers({1}), integers({1, 2, 3})).anchor_neg.numel() == 2);
  CHECK(mining::pml_pairs(integers({1, 1, 1})).anchor_pos.numel() == 6);
  CHECK(mining::pml_pairs(integers({1, 1, 1}), {.both_kinds = true}).anchor_pos.numel() == 0);
  CHECK(mining::pml_pairs(integers({1, 2, 3}), {.both_kinds = true}).anchor_neg.numel() == 0);
  CHECK(mining::pml_pairs(integers({1, 1, 3}), {.both_kinds = true}).anchor_neg.numel() == 4);
  CHECK(mining::pml_pairs(integers({})).anchor_pos.numel() == 0);
}

TEST_CASE("what are no labels is refused by PML's pairs") {
  CHECK_THROWS_WITH(mining::pml_pairs(at::ones({2}), integers({1, 2})),
                    Contains("idcl::mining::pml_pairs: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(mining::pml_pairs(integers({1, 2}), integers({1, 2}).view({1, 2})),
                    Contains("idcl::mining::pml_pairs: expected `ref_labels` to be [1], one a row, but got [1, 2]"));
}
