// Distances, pairs that cost by themselves, rows seen whole and slopes taken in forward: the fused evaluator against the dense one.

#include "fused/subjects.hpp"

#include <limits>

namespace {

using namespace idcl;
using namespace idcl::test;

}  // namespace

TEST_CASE("pairs and triplets over distances and over similarities match the dense evaluator in double precision") {
  const std::vector<similarity::Any> similarities{similarity::Dot{}, similarity::Euclidean{}, similarity::Euclidean{.power = 2},
                                                  similarity::Euclidean{.normalize = false}};
  const auto check_both = [&](int64_t n, const std::vector<int64_t>& workspaces) {
    for (auto subject : subjects(n)) {
      if (subject.both) continue;
      for (const auto& similarity : similarities) {
        subject.similarity = similarity;
        CAPTURE(n, similarity.distance);
        const auto margin = similarity.distance ? 0.9 : 0.2;
        for (const bool skip_zeros : {true, false}) {
          CAPTURE(skip_zeros);
          check_all(Contrastive{.pos_margin = 0.3, .neg_margin = margin, .distance = similarity.distance, .skip_zeros = skip_zeros}, 1,
                    subject, workspaces);
          const TripletMargin triplets{.margin = 0.2,
                                       .distance = similarity.distance,
                                       .skip_zeros = skip_zeros,
                                       .max_positives = subject.pairing.places(n, n).most()};
          if (triplets.fuses_rows(triplets.max_positives)) check_all(triplets, 1, subject, workspaces);
        }
      }
    }
  };
  for (const int64_t n : {2, 11}) check_both(n, {8, kSmall, kLarge});
  for (const int64_t n : {64, 97}) check_both(n, {kMedium});
  check_both(97, {kLarge});  // rows seen whole: all at once
}

TEST_CASE("softmax losses over distances match the dense evaluator in double precision") {
  for (const int64_t n : {2, 11, 97}) {
    for (auto subject : subjects(n)) {
      for (const int power : {1, 2}) {
        subject.similarity = similarity::Euclidean{.power = power};
        CAPTURE(n, power);
        const std::vector<int64_t> workspaces{n < 97 ? kSmall : kMedium};
        check_all(InfoNCE{.temperature = -0.2}, 0.2, subject, workspaces);
        check_all(SupCon{.temperature = -0.2}, 0.2, subject, workspaces);
        check_all(MultiSimilarity{.alpha = 2, .beta = 10, .base = 0.3, .distance = true}, 0.1, subject, workspaces);
        check_all(NegativeLogSum{.scale = -5, .base = 0.2}, 0.2, subject, workspaces);
      }
    }
  }
}

TEST_CASE("both directions over a distance, as a loss has them") {
  Random random(29);
  const auto x = random.normal({70, 6}), y = random.normal({70, 6});
  const auto evaluate = [&](Evaluator evaluator, at::ScalarType type) {
    const auto a = x.to(type).detach().requires_grad_(), b = y.to(type).detach().requires_grad_();
    const ContrastiveLoss loss{
        similarity::Euclidean{}, mining::Diagonal{}, InfoNCE{.temperature = -0.2}, reduction::Mean{}, {.evaluator = evaluator}};
    const auto value = loss.symmetric(a, b);
    value.backward();
    return Result{value.detach(), at::zeros({}), a.grad(), b.grad()};
  };
  compare(evaluate(Evaluator::Fused, at::kFloat), evaluate(Evaluator::Dense, at::kDouble), 0.2);
}

TEST_CASE("slopes taken in forward are those of backward, where every row weighs the same and where it does not") {
  Random random(23);
  const auto x = unit(random.normal({120, 6})), y = unit(random.normal({120, 6}));
  const auto labels = random.integers(30, {120});
  const auto slopes = [&](const auto& loss, Evaluator evaluator, int64_t workspace_bytes, at::ScalarType type) {
    const auto a = x.to(type).detach().requires_grad_(), b = y.to(type).detach().requires_grad_();
    const auto value = loss(a, b, Evaluation{.evaluator = evaluator, .workspace_bytes = workspace_bytes});
    const auto first = torch::autograd::grad({value}, {a, b}, {}, /*retain_graph=*/true), again = torch::autograd::grad({value}, {a, b});
    for (const std::size_t i : {0, 1}) check_close("again", again[i], first[i], {.relative = 1e-6});
    return at::cat(first);
  };
  const auto check = [&](const auto& loss) {
    const auto expected = slopes(loss, Evaluator::Dense, kLarge, at::kDouble);
    for (const auto bytes : {kSmall, kMedium, kLarge})  // taken in forward, but for the last, where similarities are kept
      check_close("slopes", slopes(loss, Evaluator::Fused, bytes, at::kFloat), expected, tolerances(at::kFloat, 1).gradient);
  };
  const auto triplets = [&](const auto& reduction) {
    return [&, reduction](const Tensor& a, const Tensor& b, const Evaluation& evaluation) {
      const ContrastiveLoss loss{similarity::Euclidean{}, mining::Labels{}, TripletMargin{.margin = 0.2, .max_positives = 20}, reduction,
                                 evaluation};
      return (loss(a, labels, b, labels) * at::arange(1, 121, a.options()).cos()).sum();
    };
  };
  const auto sigmoid = [&](const auto& reduction) {
    return [&, reduction](const Tensor& a, const Tensor& b, const Evaluation& evaluation) {
      const ContrastiveLoss loss{similarity::Dot{}, mining::Diagonal{}, Sigmoid{}, reduction, evaluation};
      return (loss(a, b) * at::arange(1, 121, a.options()).cos()).sum();
    };
  };
  check(triplets(reduction::Mean{}));
  check(triplets(reduction::None{}));
  check(sigmoid(reduction::Mean{}));
  check(sigmoid(reduction::None{}));
  const auto only = [&](bool first) {
    const auto a = x.to(at::kFloat).requires_grad_(first), b = y.to(at::kFloat).requires_grad_(!first);
    const ContrastiveLoss loss{similarity::Dot{}, mining::Diagonal{}, Sigmoid{}, reduction::Mean{}, {.workspace_bytes = kSmall}};
    loss(a, b).backward();
    return first ? a.grad() : b.grad();
  };
  const auto both = slopes(sigmoid(reduction::Mean{}), Evaluator::Dense, kLarge, at::kDouble);
  const auto total = at::arange(1, 121, at::kDouble).cos().sum();
  check_close("one side", only(true) * total, both.narrow(0, 0, 120), tolerances(at::kFloat, 1).gradient);
  check_close("the other", only(false) * total, both.narrow(0, 120, 120), tolerances(at::kFloat, 1).gradient);
}

TEST_CASE("slopes of a set with itself reach each element as an anchor and as a reference, taken in forward or in backward") {
  Random random(27);
  const auto x = unit(random.normal({120, 6})), labels = random.integers(30, {120});
  const auto check = [&](const auto& similarity, const auto& objective) {
    const auto slope = [&](const Evaluation& evaluation, at::ScalarType type) {
      const auto a = x.to(type).detach().requires_grad_();
      ContrastiveLoss{similarity, mining::Labels{}, objective, reduction::Mean{}, evaluation}(a, labels).backward();
      return a.grad();
    };
    const auto expected = slope({.evaluator = Evaluator::Dense}, at::kDouble);
    for (const auto bytes : {kSmall, kMedium, kLarge})
      check_close("slope", slope({.evaluator = Evaluator::Fused, .workspace_bytes = bytes}, at::kFloat), expected,
                  tolerances(at::kFloat, 1).gradient);
  };
  const similarity::Dot dot;
  const similarity::Euclidean euclidean;
  check(dot, Sigmoid{.scale = 2, .bias = -1});
  check(dot, Contrastive{.pos_margin = 0.9, .neg_margin = 0.2, .distance = false});
  check(dot, TripletMargin{.margin = 0.2, .distance = false, .max_positives = 20});
  check(dot, InfoNCE{.temperature = 1});
  check(euclidean, Contrastive{.pos_margin = 0.3, .neg_margin = 0.9});
  check(euclidean, TripletMargin{.margin = 0.2, .max_positives = 20});
  check(euclidean, InfoNCE{.temperature = -1});
}

TEST_CASE("slopes taken in forward serve rows that weigh nothing because they lost nothing") {
  const auto x = unit(Random(25).normal({90, 6})).to(at::kFloat).requires_grad_();
  const auto labels = Random(26).integers(30, {90});
  const auto pairing = by_labels(labels, labels, true);
  const auto known = [&](const auto& objective, const auto& weigh) {
    const auto job = engine::make_job(objective, pairing, x, x, /*self=*/true, /*both=*/false, {});
    job->fused = engine::fused_task(objective, pairing.places(90, 90), x, x, /*self=*/true, /*both=*/false, {.workspace_bytes = kSmall});
    const auto loss = engine::stream(job, x, x).first.loss.detach();
    CHECK((loss == 0).any().template item<bool>());
    return job->known_slopes_weight(weigh(loss));
  };
  const auto of_violators = [](const Tensor& loss) { return loss.sign() * 0.25; };
  const TripletMargin triplets{.margin = 0.01, .distance = false, .max_positives = 20};
  CHECK(known(triplets, of_violators) == 0.25f);
  CHECK_FALSE(known(triplets, [](const Tensor& loss) { return loss; }));
  CHECK(engine::fused::common_weight(at::tensor({0.f, 2.f, 2.f}), at::tensor({0.f, 1.f, 3.f})) == 2.f);
  CHECK_FALSE(engine::fused::common_weight(at::tensor({0.f, 2.f, 2.f}), {}));
  CHECK(engine::fused::common_weight(at::zeros({2}), at::zeros({2})) == 0.f);
  CHECK_FALSE(engine::fused::common_weight(at::tensor({std::numeric_limits<float>::quiet_NaN(), 2.f}), {}));
}

TEST_CASE("rows seen whole: whether their slopes wait for backward or, in half the bytes, their similarities, is all one") {
  const auto labels = at::arange(90).remainder(30);
  const auto pairing = by_labels(labels, labels, true);
  const auto rows = Random(31).normal({90, 24}).round();  // of products that are exact in half precision
  const auto evaluate = [&](const Evaluation& evaluation) {
    return differentiate({.name = "labels", .u = rows, .v = {}, .pairing = pairing}, at::kFloat, [&](const Tensor& u, const Tensor& v) {
      return engine::fuse(TripletMargin{.margin = 0.5, .distance = false, .max_positives = 2}, pairing, pairing.places(90, 90), u, v,
                          /*self=*/true, /*both=*/false, evaluation, {});
    });
  };
  const auto slopes = evaluate({.workspace_bytes = kLarge}), similarities = evaluate({.workspace_bytes = kLarge, .kept = at::kHalf});
  CHECK(largest(slopes.grad_u) > 1);
  CHECK(at::equal(slopes.loss, similarities.loss));
  CHECK(at::equal(slopes.grad_u, similarities.grad_u));
}
