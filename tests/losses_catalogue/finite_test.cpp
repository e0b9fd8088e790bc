// Every loss of the catalogue on input that is finite and of no use: no value and no gradient that is not finite.

#include "losses_catalogue/catalogue.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <map>

namespace {

using namespace idcl;
using namespace idcl::test;

constexpr int64_t kRows = 16, kWidth = 6;

/// What breaks losses that are written down carelessly.
std::map<std::string, Batch> hunts(at::ScalarType type) {
  Random random(1);
  const auto rows = [&] { return random.normal({kRows, kWidth}, type); };
  const auto places = at::arange(kRows, at::kLong);
  const Batch usual{rows(), rows(), places.floor_divide(4), rows()};
  const auto twice = [&](const Tensor& x) { return x.index_select(0, places.remainder(kRows / 2)); };
  auto some_zeros = usual, all_zeros = usual, equal = usual, duplicates = usual, same_sets = usual, opposite = usual, one_class = usual,
       distinct = usual;
  some_zeros.x = usual.x.clone(), some_zeros.x.narrow(0, 3, 4).zero_();
  some_zeros.y = usual.y.clone(), some_zeros.y.narrow(0, 4, 2).zero_();
  some_zeros.weight = usual.weight.clone(), some_zeros.weight[1].zero_();
  all_zeros.x = all_zeros.y = all_zeros.weight = at::zeros_like(usual.x);
  equal.x = equal.y = equal.weight = usual.x.narrow(0, 0, 1).expand_as(usual.x).contiguous();
  duplicates.x = twice(usual.x), duplicates.y = twice(usual.y), duplicates.weight = twice(usual.weight);
  same_sets.y = same_sets.weight = usual.x;
  opposite.y = opposite.weight = -usual.x;
  one_class.labels = at::zeros_like(places);
  distinct.labels = places;
  return {{"rows of several classes", usual},
          {"some rows of zeros", some_zeros},
          {"zeros alone", all_zeros},
          {"equal rows", equal},
          {"each row twice", duplicates},
          {"rows that are their references and weights", same_sets},
          {"rows opposite their references and weights", opposite},
          {"one class", one_class},
          {"distinct classes", distinct}};
}

/// The batch with leaves of its own.
Batch learning(const Batch& batch) {
  const auto leaf = [](const Tensor& x) { return x.detach().clone().requires_grad_(); };
  return {leaf(batch.x), leaf(batch.y), batch.labels, leaf(batch.weight)};
}

}  // namespace

TEST_CASE("no finite input gives a loss or a gradient that is not, whatever the temperature") {
  for (const auto type : {at::kFloat, at::kDouble})
    for (const auto& [what, given] : hunts(type))
      for (const auto& loss : catalogue())
        for (const auto& temperature : {std::optional<double>(), std::optional(0.005), std::optional(0.07), std::optional(100.0)})
          for (const auto evaluator : {Evaluator::Dense, Evaluator::Streaming, Evaluator::Auto}) {
            const auto batch = learning(given);
            const auto value = loss.call(batch, {{.evaluator = evaluator, .workspace_bytes = 1 << 10}, temperature});
            INFO(loss.name << ", " << what << ", temperature " << temperature.value_or(0) << " (0: its own), " << type << ", evaluator "
                           << static_cast<int>(evaluator));
            CHECK(value.isfinite().item<bool>());
            value.backward();
            for (const auto& leaf : {batch.x, batch.y, batch.weight})
              if (leaf.grad().defined()) CHECK(leaf.grad().isfinite().all().item<bool>());
          }
}
