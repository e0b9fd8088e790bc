// What must hold of losses over rankings on any numbers: definitions, derivatives, reductions, edges, memory, modules, messages.

#include "losses_ranking/subjects.hpp"

#include "idcl/losses/fast_ap.hpp"
#include "idcl/losses/histogram.hpp"
#include "idcl/losses/pnp.hpp"
#include "idcl/losses/smooth_ap.hpp"
#include "support/memory.hpp"
#include "support/random.hpp"

#include <limits>
#include <sstream>

namespace {

using namespace idcl::test;
namespace F = idcl::functional;
using Catch::Contains;
using oracle::Role;

/// n rows of three classes, with themselves or with two more references.
Tensors random_inputs(int64_t n, uint64_t seed = 0, at::ScalarType type = at::kDouble, bool references = false) {
  Random random(seed);
  Tensors in{{"embeddings", random.normal({n, 4}, type)}, {"labels", random.integers(3, {n})}};
  if (references) in["ref_embeddings"] = random.normal({n + 2, 4}, type), in["ref_labels"] = random.integers(3, {n + 2});
  return in;
}

std::vector<idcl::reduction_t> reductions_of(const Subject& subject) {
  return subject.in_rows ? all_reductions({0.5, 2.0, 1.0}) : std::vector<idcl::reduction_t>{torch::kMean, torch::kSum};
}

std::vector<Json> requests_of(const Subject& subject) {
  auto requests = subject.variants;
  requests.push_back(Json::object());
  return requests;
}

/// What is ranked by: the cosine, or how near rows of unit length are.
oracle::Matrix ranked_by(const Tensor& x, const Tensor& y, bool self, const Json& options) {
  auto s = oracle::similarities(x, y);
  if (options.value("distance", "cosine") == "cosine") return s;
  for (std::size_t i = 0; i < s.size(); ++i)
    for (std::size_t j = 0; j < s[i].size(); ++j) s[i][j] = self && i == j ? 0 : -std::sqrt(std::max(oracle::Real{0}, 2 - 2 * s[i][j]));
  return s;
}

oracle::Rows defined(const Subject& subject, const Tensors& in, const oracle::Roles& roles, const Json& options) {
  const bool self = !in.contains("ref_embeddings");
  const auto &x = in.at("embeddings"), &y = in.at(self ? "embeddings" : "ref_embeddings");
  return subject.definition(ranked_by(x, y, self, options), roles, self, options);
}

void check_definition(const std::string& what, const Subject& subject, const Tensors& in, const oracle::Rows& rows, const Json& options,
                      const Setting& setting) {
  constexpr Tolerance exact{1e-11, 1e-12};
  const auto loss = [&](const idcl::reduction_t& reduction) { return subject.loss(in, {options, setting, reduction}); };
  check_close(what + ", mean", loss(torch::kMean).item<double>(), oracle::mean(rows), exact);
  check_close(what + ", sum", loss(torch::kSum).item<double>(), oracle::sum(rows), exact);
  if (subject.in_rows) check_close(what + ", none", loss(torch::kNone), oracle::losses(rows), exact);
}

const Subject& subject_of(const std::string& name) {
  for (const auto& subject : subjects())
    if (subject.name == name) return subject;
  throw std::runtime_error("no subject " + name);
}

/// The most bytes beyond inputs that forward and backward hold at a time, gradients included; from an empty workspace. Classes grow
/// with n, and nothing but the gradient may be left.
double peak_of(const Subject& subject, int64_t n, int64_t classes, const Setting& setting) {
  Random random(1);
  const Tensors in{{"embeddings", random.normal({n, 16}, at::kFloat).requires_grad_()}, {"labels", random.integers(classes, {n})}};
  idcl::release_workspace();
  const Memory memory;
  subject.loss(in, {subject.variants.at(0), setting}).backward();
  const auto most = memory.peak();
  idcl::release_workspace();
  CHECK(memory.current() == in.at("embeddings").numel() * 4);
  return static_cast<double>(most);
}

}  // namespace

TEST_CASE("losses over rankings are those of the loops over their definitions") {
  for (const auto& subject : subjects())
    for (const bool references : {false, true}) {
      const auto in = random_inputs(9, 21, at::kDouble, references);
      const auto& others = in.at(references ? "ref_labels" : "labels");
      const auto s = oracle::similarities(in.at("embeddings"), in.at(references ? "ref_embeddings" : "embeddings"));
      const auto roles = oracle::same_label_positive(s, in.at("labels"), others, !references);
      for (const auto& options : requests_of(subject)) {
        const auto rows = defined(subject, in, roles, options);
        for (const auto& setting : all_settings())
          check_definition(name_of(subject, setting, (references ? "references, " : "") + options.dump()), subject, in, rows, options,
                           setting);
      }
    }
}

TEST_CASE("losses over rankings of given pairs rank those alone, each once") {
  for (const auto& subject : subjects()) {
    if (subject.pairs_weight) continue;
    for (const bool references : {false, true}) {
      auto in = random_inputs(8, 22, at::kDouble, references);
      const auto m = references ? 10 : 8;
      auto part = Random(23).integers(3, {8, m});
      if (!references) part.fill_diagonal_(0);
      part[2].masked_fill_(part[2].eq(1), 0),
          part[3].masked_fill_(part[3].eq(2), 0);  // an anchor without a positive, one without a negative
      const auto positive = part.eq(1).nonzero(), negative = part.eq(2).nonzero();
      in["pos_pairs"] = at::cat({positive, positive.narrow(0, 0, 3)});
      in["neg_pairs"] = at::cat({negative, negative.narrow(0, 1, 4)});
      const auto s = oracle::similarities(in.at("embeddings"), in.at(references ? "ref_embeddings" : "embeddings"));
      const auto roles = oracle::roles(s, [&](int64_t i, int64_t j) {
        const auto role = part[i][j].item<int64_t>();
        return role == 1 ? Role::Positive : role == 2 ? Role::Negative : Role::Ignored;
      });
      const auto rows = defined(subject, in, roles, subject.variants.at(0));
      for (const auto& setting : {dense(), streaming(1), streaming(3)})
        check_definition(name_of(subject, setting, references ? "given pairs, references" : "given pairs"), subject, in, rows,
                         subject.variants.at(0), setting);
    }
  }
}

TEST_CASE("given pairs weight the anchors of FastAP by how often they are named") {
  const auto& subject = subject_of("fast_ap");
  auto in = random_inputs(9, 21);
  const auto rows = subject.loss(in, {{}, dense(), torch::kNone});
  in["triplets"] = at::tensor({0, 1, 2, 0, 1, 3}, at::kLong).view({2, 3});  // 0 and 1 twice, 2 and 3 once
  const auto weights = at::tensor({1., 1., .5, .5, 0., 0., 0., 0., 0.}, at::kDouble);
  for (const auto& setting : {dense(), streaming(3)})
    check_close(name_of(subject, setting, "weights"), subject.loss(in, {{}, setting, torch::kNone}), rows * weights, {1e-12, 0});
}

TEST_CASE("gradients of losses over rankings are those of their differences, with every option and reduction") {
  for (const auto& subject : subjects()) {
    check_all_tried(subject.name, subject.loss, subject.variants);
    for (const bool references : {false, true}) {
      const auto inputs = random_inputs(6, 31, at::kDouble, references);
      for (const auto& options : subject.variants)
        for (const auto& reduction : reductions_of(subject))
          check_slopes(subject.name + (references ? ", references" : ""), subject.loss, inputs, options, reduction);
    }
  }
}

TEST_CASE("gradients of losses over rankings of given triplets are those of their differences") {
  for (const auto& subject : subjects()) {
    auto inputs = random_inputs(6, 32);
    inputs["labels"] = at::tensor({0, 0, 0, 1, 1, 2}, at::kLong);
    inputs["triplets"] = at::tensor({0, 1, 3, 0, 2, 4, 3, 4, 5, 3, 4, 0, 4, 3, 5}, at::kLong).view({5, 3});
    for (const auto& setting : {dense(), streaming(2)})
      gradcheck(name_of(subject, setting, "triplets"), function_of(subject.loss, inputs, {subject.variants.at(0), setting}),
                floating(inputs));
  }
}

TEST_CASE("second derivatives of losses over rankings are those of the slope's differences, or an error that says so") {
  for (const auto& subject : subjects()) {
    const auto inputs = random_inputs(6, 34);
    Random random(3);
    Inputs directions;
    for (const auto& value : floating(inputs)) directions.push_back(random.normal(value.sizes()));
    for (const auto& setting : {dense(), streaming(3)}) {
      const auto slope = slope_of(function_of(subject.loss, inputs, {subject.variants.at(0), setting}), directions);
      if (setting.evaluator == idcl::Evaluator::Streaming && !subject.streams_twice) {
        CHECK_THROWS_WITH(gradient(slope, as_leaves(floating(inputs))), Contains("use Evaluator::Dense"));
      } else {
        gradcheck(name_of(subject, setting, "second derivative"), slope, floating(inputs));
      }
    }
  }
}

TEST_CASE("evaluators of losses over rankings agree at sizes around the edges of tiles") {
  for (const auto& subject : subjects())
    for (const int64_t n : {2, 3, 4, 5, 8, 9, 13})
      for (const int64_t side : {4, 10})  // whole rows: one, a few or all at a time
        for (const bool references : {false, true}) {
          const auto inputs = random_inputs(n, n, at::kDouble, references);
          const auto leaves = as_leaves(floating(inputs)), others = as_leaves(floating(inputs));
          const auto what = name_of(subject, streaming(side), std::to_string(n) + " rows");
          const auto expected = function_of(subject.loss, inputs, {{}, dense()})(leaves),
                     actual = function_of(subject.loss, inputs, {{}, streaming(side)})(others);
          check_close(what, actual.item<double>(), expected.item<double>(), {1e-11, 1e-12});
          expected.backward();
          actual.backward();
          for (std::size_t i = 0; i < leaves.size(); ++i)
            check_close(what, or_zeros(others[i].grad(), others[i]), or_zeros(leaves[i].grad(), leaves[i]), {1e-9, 1e-12});
        }
}

TEST_CASE("rankings do not depend on the order of rows, nor on the names of classes") {
  for (const auto& subject : subjects()) {
    const auto in = random_inputs(12, 35);
    const auto order = Random(36).permutation(12);
    const Tensors moved{{"embeddings", in.at("embeddings").index_select(0, order)},
                        {"labels", (7 - 5 * in.at("labels")).index_select(0, order)}};
    for (const auto& setting : {dense(), streaming(3)})
      check_close(name_of(subject, setting, "another order"), subject.loss(moved, {{}, setting}).item<double>(),
                  subject.loss(in, {{}, dense()}).item<double>(), {1e-11, 1e-13});
  }
}

TEST_CASE("a perfect ranking costs nothing, its opposite everything") {
  const auto corners = at::eye(4, at::kDouble).repeat({2, 1});
  const Tensors perfect{{"embeddings", corners}, {"labels", at::arange(4).repeat({2})}};
  const auto opposite = at::tensor({1., 0., -1., 0., 1., 0., -1., 0.}, at::kDouble).view({4, 2});
  const Tensors worst{{"embeddings", opposite}, {"labels", at::tensor({0, 0, 1, 1}, at::kLong)}};
  for (const auto& setting : {dense(), streaming(3)}) {
    for (const auto& subject : subjects()) CHECK(subject.loss(perfect, {{}, setting}).item<double>() < 1e-12);
    // the only positive of an anchor is its farthest element, one negative its nearest, the other beside the positive
    CHECK(subject_of("fast_ap").loss(worst, {{}, setting}).item<double>() == Approx(1 - 1.0 / 3));
    CHECK(subject_of("histogram").loss(worst, {{}, setting}).item<double>() == Approx(1));
    CHECK(subject_of("pnp").loss(worst, {{}, setting}).item<double>() == Approx((0.5 + 1.5) / 2));
  }
}

TEST_CASE("no finite input of losses over rankings gives a NaN") {
  for (const auto& subject : subjects()) {
    auto requests = subject.extremes;
    requests.push_back(Json::object());
    for (const auto type : {at::kDouble, at::kFloat}) {
      const auto random = random_inputs(6, 16, type);
      const auto x = random.at("embeddings");
      std::map<std::string, Tensors> hunts{{"random", random},
                                           {"references", random_inputs(6, 17, type, true)},
                                           {"one row", random_inputs(1, 17, type)},
                                           {"no rows", random_inputs(0, 18, type)}};
      for (const auto* what :
           {"zeros", "one row of zeros", "equal", "twice the same", "one class", "distinct classes", "the same as references"})
        hunts[what] = random;
      hunts["zeros"]["embeddings"] = at::zeros_like(x);
      hunts["one row of zeros"]["embeddings"] = x * at::tensor({1, 1, 0, 1, 1, 1}, x.options()).unsqueeze(1);
      hunts["equal"]["embeddings"] = x.narrow(0, 0, 1).expand_as(x).contiguous();
      hunts["twice the same"]["embeddings"] = x.index_select(0, at::tensor({0, 1, 2, 0, 1, 2}, at::kLong));
      hunts["one class"]["labels"] = at::zeros({6}, at::kLong);
      hunts["distinct classes"]["labels"] = at::arange(6, at::kLong);
      hunts["the same as references"]["ref_embeddings"] = x;
      hunts["the same as references"]["ref_labels"] = random.at("labels");
      for (const auto& [what, inputs] : hunts)
        for (const auto& options : requests)
          for (const auto& setting : {dense(), streaming(3)})
            check_finite(name_of(subject, setting, what + ", " + options.dump()), subject.loss, inputs, {options, setting});
    }
  }
}

TEST_CASE("a NaN in a row makes the loss over rankings a NaN") {
  for (const auto& subject : subjects()) {
    auto in = random_inputs(6, 16);
    in["embeddings"][2][1] = std::numeric_limits<double>::quiet_NaN();
    for (const auto& setting : {dense(), streaming(3)}) CHECK(std::isnan(subject.loss(in, {{}, setting}).item<double>()));
  }
}

TEST_CASE("a batch without a positive pair is a zero attached to the graph, whatever the loss over rankings") {
  for (const auto& subject : subjects())
    for (const int64_t n : {0, 1, 5}) {
      auto inputs = random_inputs(n);
      inputs["labels"] = at::arange(n, at::kLong);
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

TEST_CASE("losses over rankings take inputs of any stride and labels of any integer type") {
  for (const auto& subject : subjects()) {
    const auto in = random_inputs(8, 19);
    const auto expected = subject.loss(in, {}).item<double>();
    auto strided = in;
    for (auto& [name, value] : strided) value = value.is_floating_point() ? value.t().contiguous().t() : value.to(at::kShort);
    for (const auto& setting : {dense(), streaming(3)})
      check_close(name_of(subject, setting, "strides"), subject.loss(strided, {{}, setting}).item<double>(), expected, {1e-11, 0});
  }
}

TEST_CASE("memory of losses over rankings grows linearly with the batch") {
  for (const auto& subject : subjects()) {
    INFO(subject.name);
    CHECK(peak_of(subject, 512, 16, streaming(32)) < 2.1 * peak_of(subject, 256, 16, streaming(32)));
    CHECK(peak_of(subject, 256, 16, dense()) > 3.5 * peak_of(subject, 128, 16, dense()));
  }
}

TEST_CASE("a workspace of so many bytes adds no more than those to losses over rankings") {
  for (const auto& subject : subjects())
    for (const int64_t classes : {1, 16}) {
      const auto least = peak_of(subject, 256, classes, streaming(16)), most = peak_of(subject, 256, classes, streaming(128));
      INFO(subject.name << ", " << classes << " classes: " << (most - least) / 1024 << " KiB more than with almost none");
      const auto state = 128 * 101 * 4;  // temporaries of a tile's rows: as many as histogram has nodes
      CHECK(most - least <= workspace_for(128, 4) + state);
    }
}

TEST_CASE("modules of losses over rankings are their functionals") {
  const auto x = Random(2).normal({6, 4}, at::kFloat), y = at::tensor({0, 0, 1, 1, 2, 2}, at::kLong);
  const auto check = [&](auto loss, const auto& functional, const std::string& printed) {
    CHECK(loss(x, y).template item<double>() == functional(x, y, loss->options).template item<double>());
    CHECK(loss(x, y, x, y).template item<double>() == functional(x, y, x, y, loss->options).template item<double>());
    CHECK(c10::str(*loss) == printed);
    CHECK(loss->parameters().empty());
    CHECK(c10::str(*std::dynamic_pointer_cast<std::decay_t<decltype(*loss)>>(loss->clone())) == printed);
  };
  check(idcl::FastAPLoss(idcl::FastAPLossOptions().num_bins(20)), F::fast_ap_loss, "idcl::FastAPLoss(num_bins=20, reduction=mean)");
  check(idcl::HistogramLoss(), F::histogram_loss, "idcl::HistogramLoss(n_bins=100, reduction=mean)");
  check(idcl::HistogramLoss(idcl::HistogramLossOptions().delta(0.1)), F::histogram_loss, "idcl::HistogramLoss(delta=0.1, reduction=mean)");
  check(idcl::SmoothAPLoss(idcl::SmoothAPLossOptions().temperature(0.1)), F::smooth_ap_loss,
        "idcl::SmoothAPLoss(temperature=0.1, reduction=mean)");
  check(idcl::PNPLoss(idcl::PNPLossOptions().variant("Dq").alpha(8)), F::pnp_loss,
        "idcl::PNPLoss(variant=Dq, b=2, alpha=8, anneal=0.01, reduction=mean)");
}

TEST_CASE("what makes no sense to losses over rankings is refused in one line") {
  const auto x = at::ones({3, 2}), y = at::tensor({0, 0, 1}, at::kLong), one = at::tensor({1}, at::kLong), far = at::tensor({3}, at::kLong);
  CHECK_THROWS_WITH(F::fast_ap_loss(x, x.select(1, 0)), Contains("idcl::fast_ap_loss: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(F::fast_ap_loss(x, y, idcl::FastAPLossOptions().num_bins(0)),
                    Contains("idcl::fast_ap_loss: expected `num_bins` >= 1, but got 0"));
  CHECK_THROWS_WITH(F::fast_ap_loss(x, y, idcl::mining::Triplets(one, one, far)),
                    Contains("idcl::fast_ap_loss: expected `negative` within [0, 3), but got 3"));
  CHECK_THROWS_WITH(F::histogram_loss(x, one), Contains("idcl::histogram_loss: expected `labels` to be [3], one a row, but got [1]"));
  CHECK_THROWS_WITH(F::histogram_loss(x, y, idcl::HistogramLossOptions().n_bins(-1)),
                    Contains("idcl::histogram_loss: expected `n_bins` >= 1, but got -1"));
  CHECK_THROWS_WITH(F::histogram_loss(x, y, idcl::HistogramLossOptions().delta(3)),
                    Contains("idcl::histogram_loss: expected `delta` in (0, 2], but got 3"));
  CHECK_THROWS_WITH(F::histogram_loss(x, y, idcl::HistogramLossOptions().reduction(torch::kNone)),
                    Contains("idcl::histogram_loss: expected `reduction` kMean or kSum, but got \"none\": the loss is over the histograms "
                             "of the whole batch and has no rows"));
  CHECK_THROWS_WITH(F::histogram_loss(x, y, at::ones({3, 5}), y),
                    Contains("idcl::histogram_loss: expected `ref_embeddings` to be [M, 2] as `embeddings` is, but got [3, 5]"));
  CHECK_THROWS_WITH(F::smooth_ap_loss(x, y, idcl::SmoothAPLossOptions().temperature(0)),
                    Contains("idcl::smooth_ap_loss: expected `temperature` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(
      F::smooth_ap_loss(x, y, x.to(at::kDouble), y),
      Contains("idcl::smooth_ap_loss: expected `embeddings` and `ref_embeddings` to have one type, but got Float and Double"));
  CHECK_THROWS_WITH(F::pnp_loss(x, y, idcl::PNPLossOptions().variant("Dx")),
                    Contains("idcl::pnp_loss: expected `variant` \"O\", \"Ds\", \"Dq\", \"Iu\" or \"Ib\", but got \"Dx\""));
  CHECK_THROWS_WITH(F::pnp_loss(x, y, idcl::PNPLossOptions().alpha(-1)),
                    Contains("idcl::pnp_loss: expected `alpha` to be finite and > 0, but got -1"));
  CHECK_THROWS_WITH(F::pnp_loss(x, y, idcl::PNPLossOptions().b(0)),
                    Contains("idcl::pnp_loss: expected `b` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(idcl::PNPLoss(idcl::PNPLossOptions().anneal(0)),
                    Contains("idcl::pnp_loss: expected `anneal` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(F::pnp_loss(x, y, idcl::PNPLossOptions().evaluator(idcl::Evaluator::Fused)), Contains("no fused kernel"));
}
