// The order of rows says nothing, to any loss of the catalogue.

#include "losses_catalogue/catalogue.hpp"
#include "support/compare.hpp"
#include "support/random.hpp"

namespace {

using namespace idcl;
using namespace idcl::test;

constexpr int64_t kRows = 24, kWidth = 6, kClasses = 6;

struct Result {
  Tensor value, of_x, of_y;
};

Result evaluated(const CataloguedLoss& loss, const Batch& batch, Evaluator evaluator) {
  const auto x = batch.x.detach().clone().requires_grad_(), y = batch.y.detach().clone().requires_grad_();
  const auto value = loss.call({x, y, batch.labels, batch.weight}, {{.evaluator = evaluator, .workspace_bytes = 1 << 10}, 0.3});
  value.backward();
  return {value, or_zeros(x.grad(), x), or_zeros(y.grad(), y)};
}

}  // namespace

TEST_CASE("rows in another order have the same loss, and the same gradients in that order") {
  Random random(5);
  const Batch batch{random.normal({kRows, kWidth}), random.normal({kRows, kWidth}), at::arange(kRows, at::kLong).floor_divide(4),
                    random.normal({kClasses, kWidth})};
  const auto order = random.permutation(kRows);
  const auto moved = [&](const Tensor& x) { return x.index_select(0, order); };
  const Batch permuted{moved(batch.x), moved(batch.y), moved(batch.labels), batch.weight};
  for (const auto& loss : catalogue()) {
    if (loss.name == "n_pairs") continue;  // which two elements of a class are its pair, their order says
    for (const auto evaluator : {Evaluator::Dense, Evaluator::Streaming}) {
      const auto expected = evaluated(loss, batch, evaluator), actual = evaluated(loss, permuted, evaluator);
      check_close(loss.name, actual.value, expected.value, {1e-11, 1e-13});
      check_close(loss.name + ", gradient", actual.of_x, moved(expected.of_x), {1e-9, 1e-12});
      check_close(loss.name + ", gradient of the second set", actual.of_y, moved(expected.of_y), {1e-9, 1e-12});
    }
  }
}
