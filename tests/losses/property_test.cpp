// What must hold of every loss whatever its value: symmetries, NaN, determinism, ties.

#include "idcl/losses/clip.hpp"
#include "losses/subjects.hpp"
#include "support/gradcheck.hpp"

#include <ATen/Parallel.h>

#include <limits>
#include <sstream>

namespace {

using namespace idcl::test;

constexpr int64_t kSide = 4;

std::string name_of(const Subject& subject, const std::string& what, const Setting& setting) {
  std::ostringstream name;
  name << subject.name << ", " << what << ", " << setting;
  return name.str();
}

template <class Check>
void for_each(const Check& check) {
  for (const auto& subject : subjects())
    for (const auto& setting : {dense(), streaming(kSide), streaming()}) check(subject, setting);
}

Tensor rows_of(const Subject& subject, const Batch& batch, const Setting& setting, double temperature = 0.1) {
  return subject.loss(batch, {setting, torch::kNone, temperature});
}

bool is_cosine(const Subject& subject) { return subject.name.find("not normalized") == std::string::npos; }

}  // namespace

TEST_CASE("rows in another order give the same rows in that order") {
  const auto batch = random_batch(13, 5, 1);
  const auto order = Random(2).permutation(13);
  const auto at = [&](const Tensor& x) { return x.index_select(0, order); };
  const Batch permuted{at(batch.x), at(batch.y), at(batch.x_labels), at(batch.y_labels)};
  for_each([&](const Subject& subject, const Setting& setting) {
    check_close(name_of(subject, "permuted", setting), rows_of(subject, permuted, setting), at(rows_of(subject, batch, setting)),
                tolerances(at::kDouble).loss);
  });
}

TEST_CASE("the length of a row does not matter to a cosine") {
  const auto batch = random_batch(13, 5, 3);
  const auto lengths = Random(4).normal({13, 1}).exp() * 1000;
  for_each([&](const Subject& subject, const Setting& setting) {
    if (!is_cosine(subject)) return;
    check_close(name_of(subject, "scaled", setting),
                rows_of(subject, {batch.x * lengths, batch.y / lengths, batch.x_labels, batch.y_labels}, setting),
                rows_of(subject, batch, setting), tolerances(at::kDouble).loss);
  });
  for_each([&](const Subject& subject, const Setting& setting) {  // float32 has room for lengths from 1e-10 to 1e15
    if (!is_cosine(subject)) return;
    const auto x = batch.x.to(at::kFloat), y = batch.y.to(at::kFloat);
    check_close(name_of(subject, "scaled far", setting), rows_of(subject, {x * 1e15, y * 1e-10, batch.x_labels, batch.y_labels}, setting),
                rows_of(subject, {x, y, batch.x_labels, batch.y_labels}, setting), tolerances(at::kFloat, 0.1).loss);
  });
}

TEST_CASE("labels are names: other numbers and other integer types say the same") {
  const auto batch = random_batch(13, 5, 5);
  for_each([&](const Subject& subject, const Setting& setting) {
    const auto loss = rows_of(subject, batch, setting);
    for (const auto type : {at::kInt, at::kShort, at::kChar, at::kByte})
      CHECK(rows_of(subject, {batch.x, batch.y, batch.x_labels.to(type), batch.y_labels.to(type)}, setting).equal(loss));
    CHECK(rows_of(subject, {batch.x, batch.y, batch.x_labels * -7 + 3, batch.y_labels * -7 + 3}, setting).equal(loss));
  });
}

TEST_CASE("a second run gives the same bits, a second thread the same numbers") {
  const int threads = at::get_num_threads();
  const auto batch = random_batch(150, 40, 6, at::kFloat);
  for (const auto& subject : subjects()) {
    for (const auto& setting : {dense(), streaming(64), streaming()}) {
      const auto run = [&](int count) {
        at::set_num_threads(count);
        const auto leaves = as_leaves({batch.x, batch.y});
        const auto loss = subject.loss({leaves[0], leaves[1], batch.x_labels, batch.y_labels}, {setting});
        auto slopes = gradient([&](const Inputs&) { return loss; }, leaves);
        slopes.push_back(loss.detach());
        return slopes;
      };
      const auto one = run(1), again = run(1), two = run(2), two_again = run(2);
      INFO(name_of(subject, "again", setting));
      for (std::size_t i = 0; i < one.size(); ++i) {
        CHECK(one[i].equal(again[i]));
        CHECK(two[i].equal(two_again[i]));
        check_close(name_of(subject, "two threads", setting), two[i], one[i], tolerances(at::kFloat, 0.1).gradient);
      }
    }
  }
  at::set_num_threads(threads);
}

TEST_CASE("NaN in gives NaN out") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  for_each([&](const Subject& subject, const Setting& setting) {
    for (const int64_t n : {2, 3, 5, 13}) {
      for (const bool whole_row : {true, false}) {
        for (const bool in_y : {false, true}) {
          if (in_y && !subject.uses_y) continue;
          auto batch = random_batch(n, 5, 7);
          batch.x_labels.zero_();  // every row has a term
          batch.y_labels.zero_();
          auto& poisoned = in_y ? batch.y : batch.x;
          (whole_row ? poisoned[n - 1] : poisoned[n - 1][2]).fill_(nan);
          INFO(name_of(subject, (in_y ? "NaN in y, " : "NaN in x, ") + std::to_string(n) + " rows", setting));
          CHECK(subject.loss(batch, {setting}).isnan().item<bool>());
          CHECK(rows_of(subject, batch, setting)[n - 1].isnan().item<bool>());
        }
      }
    }
  });
}

TEST_CASE("a batch of NaN is no zero") {
  for_each([&](const Subject& subject, const Setting& setting) {
    auto batch = random_batch(9, 5, 8);
    batch.x.fill_(std::numeric_limits<double>::quiet_NaN());
    batch.y.fill_(std::numeric_limits<double>::quiet_NaN());
    batch.x_labels.zero_();
    batch.y_labels.zero_();
    INFO(name_of(subject, "all NaN", setting));
    CHECK(subject.loss(batch, {setting}).isnan().item<bool>());
  });
}

TEST_CASE("finite input gives no NaN, loss or gradient, at any temperature") {
  for (const double temperature : {1e-30, 1e-6, 0.005, 100.0, 1e6, 1e30}) {
    for_each([&](const Subject& subject, const Setting& setting) {
      for (const auto type : {at::kFloat, at::kDouble}) {
        for (const double length : {1e-25, 1e-3, 1.0, 1e3, 1e18}) {
          if (length > 1e3 && (!is_cosine(subject) || temperature < 1e-6)) continue;  // products that no float holds
          auto batch = random_batch(9, 5, 9, type);
          batch.x[3].zero_();
          batch.y[4].copy_(batch.y[5]);
          const auto leaves = as_leaves({batch.x * length, batch.y * length});
          const auto rows = subject.loss({leaves[0], leaves[1], batch.x_labels, batch.y_labels}, {setting, torch::kNone, temperature});
          INFO(name_of(subject, "temperature " + std::to_string(temperature) + ", length " + std::to_string(length), setting)
               << ", " << type);
          CHECK_FALSE(rows.isnan().any().item<bool>());
          for (const auto& slope : gradient([&](const Inputs&) { return rows.sum(); }, leaves))
            CHECK_FALSE(slope.isnan().any().item<bool>());
        }
      }
    });
  }
}

TEST_CASE("a CLIP scale that is a number, a tensor or learns is one scale") {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto batch = random_batch(150, 6, 10, type);  // more than one tile
    const auto y = random_batch(150, 6, 11, type).x;
    for (const double scale : {0.5, 14.3, 100.0}) {
      CAPTURE(scale, type);
      const auto derivatives = [&](const auto& number) {
        const auto leaves = as_leaves({batch.x, y});
        const auto loss = idcl::functional::clip_loss(leaves[0], leaves[1], number);
        auto found = torch::autograd::grad({loss}, leaves);
        found.push_back(loss.detach());
        return found;
      };
      const auto tensor = at::full({}, scale, at::TensorOptions(type));
      const auto number = derivatives(scale), fixed = derivatives(tensor), learned = derivatives(tensor.clone().requires_grad_());
      for (std::size_t k = 0; k < number.size(); ++k) {
        const auto tolerance = type == at::kDouble ? 1e-12 : 2e-5;
        check_close("fixed", fixed[k], number[k], {.relative = tolerance});
        check_close("learned", learned[k], number[k], {.relative = tolerance});
      }
    }
  }
}
