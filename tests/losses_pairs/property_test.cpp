// What must hold of losses over pairs on any numbers: derivatives, reductions, edges. Compiled for each set of subjects.

#include "losses_pairs/inputs.hpp"

namespace {

using namespace idcl::test;
using Catch::Contains;

/// Every reduction that the loss has: towers have no classes to weight.
std::vector<idcl::reduction_t> reductions_of(const Subject& subject) {
  return subject.towers.empty() ? all_reductions({0.5, 2.0, 1.0}) : all_reductions();
}

}  // namespace

TEST_CASE("gradients of losses over pairs are those of their differences, with every option and reduction") {
  for (const auto& subject : subjects()) {
    if (!subject.has_own_slope) continue;
    check_all_tried(subject.name, subject.loss, variants_of(subject), /*elsewhere=*/{"learn_beta"});
    for (const bool references : {false, true}) {
      if (references && !subject.towers.empty()) continue;
      const auto inputs = random_inputs(subject, 7, 11, at::kDouble, references);
      for (const auto& options : variants_of(subject))
        for (const auto& reduction : reductions_of(subject))
          check_slopes(subject.name + (references ? ", references" : ""), subject.loss, inputs, options, reduction);
    }
  }
}

TEST_CASE("second derivatives of losses over pairs are those of the slope's differences, or an error that says so") {
  for (const auto& subject : subjects()) {
    const auto inputs = random_inputs(subject, 6, 12);
    Random random(3);
    Inputs directions;
    for (const auto& value : floating(inputs)) directions.push_back(random.normal(value.sizes()));
    for (const auto& setting : {dense(), streaming(3)}) {
      const auto slope = slope_of(function_of(subject.loss, inputs, {subject.mild, setting}), directions);
      if (setting.evaluator == idcl::Evaluator::Streaming && !subject.streams_twice) {
        CHECK_THROWS_WITH(gradient(slope, as_leaves(floating(inputs))), Contains("use Evaluator::Dense"));
      } else if (subject.has_own_slope) {
        gradcheck(name_of(subject, setting, "second derivative"), slope, floating(inputs));
      }
    }
  }
}

TEST_CASE("evaluators of losses over pairs agree at sizes around the edges of tiles") {
  for (const auto& subject : subjects())
    for (const int64_t n : {2, 3, 4, 5, 8, 9, 13})
      for (const bool references : {false, true}) {
        if (references && !subject.towers.empty()) continue;
        const auto inputs = random_inputs(subject, n, n, at::kDouble, references);
        const auto leaves = as_leaves(floating(inputs)), others = as_leaves(floating(inputs));
        const auto what = name_of(subject, streaming(4), std::to_string(n) + " rows");
        const auto expected = function_of(subject.loss, inputs, {{}, dense(), torch::kNone})(leaves),
                   actual = function_of(subject.loss, inputs, {{}, streaming(4), torch::kNone})(others);
        check_close(what, actual.item<double>(), expected.item<double>(), {1e-11, 1e-12});
        expected.backward();
        actual.backward();
        for (std::size_t i = 0; i < leaves.size(); ++i)
          check_close(what, or_zeros(others[i].grad(), others[i]), or_zeros(leaves[i].grad(), leaves[i]), {1e-9, 1e-12});
      }
}

TEST_CASE("no finite input of losses over pairs gives a NaN") {
  for (const auto& subject : subjects()) {
    auto requests = subject.extremes;
    requests.push_back(Json::object());
    for (const auto type : {at::kDouble, at::kFloat}) {
      std::map<std::string, Tensors> hunts;
      hunts["random"] = random_inputs(subject, 6, 16, type);
      hunts["one row"] = random_inputs(subject, 1, 17, type);
      hunts["no rows"] = random_inputs(subject, 0, 18, type);
      const auto random = hunts["random"];
      for (const auto& [name, value] : random) {
        if (!value.is_floating_point()) continue;
        hunts["zero " + name] = hunts["one zero row of " + name] = hunts["equal " + name] = hunts["twice the same " + name] = random;
        hunts["zero " + name][name] = at::zeros_like(value);
        hunts["equal " + name][name] = value.narrow(0, 0, 1).expand_as(value).contiguous();
        hunts["twice the same " + name][name] = value.index_select(0, at::tensor({0, 1, 2, 0, 1, 2}, at::kLong));
        hunts["one zero row of " + name][name] = value * at::tensor({1, 1, 0, 1, 1, 1}, value.options()).unsqueeze(1);
      }
      if (subject.towers.empty()) {
        hunts["one class"] = hunts["distinct classes"] = hunts["the same as references"] = random;
        hunts["one class"]["labels"] = at::zeros({6}, at::kLong);
        hunts["distinct classes"]["labels"] = at::arange(6, at::kLong);
        hunts["the same as references"]["ref_embeddings"] = random.at("embeddings");
        hunts["the same as references"]["ref_labels"] = random.at("labels");
      }
      for (const auto& [what, inputs] : hunts)
        for (const auto& options : requests)
          for (const auto& setting : {dense(), streaming(3)})
            check_finite(name_of(subject, setting, what + ", " + options.dump()), subject.loss, inputs, {options, setting});
    }
  }
}

TEST_CASE("a batch without a pair is a zero attached to the graph, whatever the loss over pairs") {
  for (const auto& subject : subjects())
    for (const int64_t n : {0, 1}) {
      if (n == 1 && subject.name == "sig_lip") continue;  // a pair of one
      const auto inputs = random_inputs(subject, n);
      for (const auto& setting : {dense(), streaming(3)}) {
        const auto leaves = as_leaves(floating(inputs));
        const auto loss = function_of(subject.loss, inputs, {{}, setting})(leaves);
        INFO(name_of(subject, setting, std::to_string(n) + " rows"));
        CHECK(loss.item<double>() == 0);
        REQUIRE(loss.requires_grad());
        loss.backward();
        for (const auto& leaf : leaves) CHECK(largest(or_zeros(leaf.grad(), leaf)) == 0);
        if (subject.in_rows) CHECK(subject.loss(inputs, {{}, setting, torch::kNone}).sizes() == at::IntArrayRef{n});
      }
    }
}

TEST_CASE("losses over pairs take inputs of any stride and labels of any integer type") {
  for (const auto& subject : subjects()) {
    const auto in = random_inputs(subject, 8, 19);
    const auto expected = subject.loss(in, {}).item<double>();
    auto strided = in;
    for (auto& [name, value] : strided) value = value.is_floating_point() ? value.t().contiguous().t() : value.to(at::kShort);
    for (const auto& setting : {dense(), streaming(3)})
      check_close(name_of(subject, setting, "strides"), subject.loss(strided, {{}, setting}).item<double>(), expected, {1e-11, 0});
  }
}
