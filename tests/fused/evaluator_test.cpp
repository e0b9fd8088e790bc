// The fused evaluator against the dense one in double precision: every way to pair, every instruction set, tiles of every size.

#include "fused/subjects.hpp"

#include <utility>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;

}  // namespace

TEST_CASE("the fused evaluator matches the dense one in double precision, whatever the pairs and the tiles") {
  const auto check_both = [](int64_t n, const std::vector<int64_t>& workspaces) {
    for (const auto& subject : subjects(n)) {
      CAPTURE(n);
      check_all(InfoNCE{.temperature = 0.1}, subject, workspaces);
      check_all(SupCon{.temperature = 0.1}, subject, workspaces);
      check_all(DecoupledContrastive{.temperature = 0.1}, subject, workspaces);
      check_all(MultiSimilarity{.alpha = 2, .beta = 20, .base = 0.3}, 0.05, subject, workspaces);
      check_all(Circle{.m = 0.4, .gamma = 20}, 0.025, subject, workspaces);
      check_all(NegativeLogSum{.scale = 10, .base = 0.2}, 0.1, subject, workspaces);
      if (subject.name == "all distinct" || subject.name == "views") check_all(NTXent{.temperature = 0.1}, subject, workspaces);
      if (subject.both) continue;
      check_all(Sigmoid{}, 1, subject, workspaces);
      check_all(Sigmoid{.scale = 8, .bias = -3}, 0.125, subject, workspaces);
    }
  };
  for (const int64_t n : {2, 3, 11}) check_both(n, {8, kSmall, kLarge});  // 8 bytes: tiles of one pair
  for (const int64_t n : {64, 97}) check_both(n, {kMedium});
}

TEST_CASE("the fused evaluator is right at every temperature") {
  for (const auto& subject : subjects(14))
    for (const double temperature : {0.005, 1.0, 100.0}) {
      check_all(InfoNCE{.temperature = temperature}, subject, {kSmall, kLarge});
      check_all(SupCon{.temperature = temperature}, subject, {kSmall, kLarge});
    }
}

TEST_CASE("tiles as they are cut of a large set, strips and columns too") {
  for (const auto& subject : subjects(300)) {
    INFO(subject.name);
    const auto expected = reference(InfoNCE{.temperature = 0.1}, subject);
    for (const auto bytes : {int64_t{300000}, kLarge})
      compare(fused(InfoNCE{.temperature = 0.1}, subject, simd::widest(), bytes), expected, 0.1);
  }
}

TEST_CASE("towers that agree: a tiny loss and its slopes keep their digits") {
  Random random(3);
  const auto rows = [&] { return unit(random.normal({48, 64})); };
  const auto common = unit(random.normal({1, 64}));
  for (const double spread : {0.45, 0.6}) {  // of the rows around a common one: losses of 1e-4 and of 1e-7
    CAPTURE(spread);
    const auto x = unit(common + spread * rows());
    const auto u = (unit(x + 0.01 * rows()) * 100).to(at::kFloat), v = x.to(at::kFloat);  // the numbers that both sides see
    const Subject subject{"towers", u.to(at::kDouble), v.to(at::kDouble), mining::any_pairing(mining::Diagonal::Pairs{}), true};
    const auto expected = reference(InfoNCE{.temperature = 1}, subject);
    REQUIRE(largest(expected.loss) < 1e-3);
    REQUIRE(largest(expected.loss) > 1e-8);  // below, the reference rounds too
    for (const auto isa : instruction_sets()) {
      const auto actual = fused(InfoNCE{.temperature = 1}, subject, isa, 1 << 20);
      // logits of size 100 are known to 8e-6 in float32, and so a share of the sum, relative to itself
      check_close("loss", actual.loss, expected.loss, {.relative = 5e-5});
      check_close("gradient of u", actual.grad_u, expected.grad_u, {.relative = 5e-5});
      check_close("gradient of v", actual.grad_v, expected.grad_v, {.relative = 5e-5});
    }
  }
}

TEST_CASE("slopes are at most three times as far off as those of the dense evaluator in float32") {
  const auto slopes = [](const auto& loss, at::ScalarType type, const Tensor& x, const Tensor& y) {
    const auto a = x.to(type).requires_grad_(), b = y.to(type).requires_grad_();
    const auto found = torch::autograd::grad({loss(a, b)}, {a, b});
    return at::cat(found).to(at::kDouble);
  };
  for (const int64_t n : {37, 128, 517}) {
    for (const int64_t width : {20, 512}) {
      Random random(static_cast<uint64_t>(n));
      const auto x = random.normal({n, width}).to(at::kFloat), y = random.normal({n, width}).to(at::kFloat);
      const auto labels = random.integers(n / 8, {n});
      const auto check = [&](const std::string& name, const auto& loss) {
        const auto by = [&](Evaluator evaluator) {
          return [&loss, evaluator](const Tensor& a, const Tensor& b) { return loss(a, b, Evaluation{.evaluator = evaluator}); };
        };
        const auto truth = slopes(by(Evaluator::Dense), at::kDouble, x, y);
        const auto eager = largest(slopes(by(Evaluator::Dense), at::kFloat, x, y) - truth);
        const auto ours = largest(slopes(by(Evaluator::Fused), at::kFloat, x, y) - truth);
        INFO(name << ", " << n << " rows of " << width << ": off by " << ours << ", the dense evaluator by " << eager);
        CHECK(eager > 0);
        CHECK(ours <= 3 * eager);
      };
      check("idcl, both directions", [](const Tensor& a, const Tensor& b, const Evaluation& evaluation) {
        return ContrastiveLoss{similarity::Cosine{}, mining::TopK{.k = 5}, InfoNCE{.temperature = 0.1}, reduction::Mean{}, evaluation}
            .crossed(a, b);
      });
      check("clip", [](const Tensor& a, const Tensor& b, const Evaluation& evaluation) {
        return ContrastiveLoss{similarity::Cosine{}, mining::Diagonal{}, InfoNCE{.temperature = 0.07}, reduction::Mean{}, evaluation}
            .symmetric(a, b);
      });
      check("sup_con", [&](const Tensor& a, const Tensor& b, const Evaluation& evaluation) {
        return ContrastiveLoss{similarity::Cosine{}, mining::Labels{}, SupCon{.temperature = 0.1}, reduction::Mean{}, evaluation}(a + 0 * b,
                                                                                                                                  labels);
      });
      check("contrastive", [&](const Tensor& a, const Tensor& b, const Evaluation& evaluation) {
        return ContrastiveLoss{similarity::Euclidean{}, mining::Labels{}, Contrastive{}, reduction::Mean{}, evaluation}(a + 0 * b, labels);
      });
    }
  }
}

TEST_CASE("no rows, one row, no pairs: zero, attached to the graph") {
  const auto none = at::zeros({0}, at::kLong);
  const std::vector<Subject> all{
      {"no rows", at::zeros({0, 4}), {}, by_labels(none, none, true)},
      {"one row", at::ones({1, 4}), {}, by_labels(at::zeros({1}, at::kLong), at::zeros({1}, at::kLong), true)},
      {"no references", at::ones({3, 4}), at::zeros({0, 4}), by_labels(at::zeros({3}, at::kLong), none, false)},
      {"no towers", at::zeros({0, 4}), at::zeros({0, 4}), mining::any_pairing(mining::Diagonal::Pairs{}), true},
      {"no neighbours",
       at::ones({1, 4}),
       {},
       mining::any_pairing(mining::TopK::Pairs{at::zeros({1, 0}, at::kLong), 1, true, mining::SelfPair::Ignored})},
  };
  for (const auto& subject : all) {
    INFO(subject.name);
    const auto actual = fused(SupCon{.temperature = 0.1}, subject, simd::widest(), 1 << 20);
    CHECK(largest(actual.loss) == 0);
    CHECK(largest(actual.terms) == 0);
    CHECK(largest(actual.grad_u) == 0);
    CHECK(largest(actual.grad_v) == 0);
  }
}

TEST_CASE("a row of NaN has a loss of NaN, and its neighbours find none in it") {
  auto u = unit(Random(5).normal({20, 6}));
  u[7] = std::numeric_limits<double>::quiet_NaN();
  const auto x = u.to(at::kFloat);
  const ContrastiveLoss loss{similarity::Dot{}, mining::TopK{.k = 3}, InfoNCE{}, reduction::None{}, {.evaluator = Evaluator::Fused}};
  const ContrastiveLoss same{similarity::Dot{}, mining::TopK{.k = 3}, InfoNCE{}, reduction::None{}, {.evaluator = Evaluator::Dense}};
  CHECK(at::equal(loss(x).isnan(), same(x).isnan()));
  CHECK(loss(x)[7].isnan().item<bool>());
}

TEST_CASE("the same call gives the same bits, with one thread and with two") {
  const auto threads = at::get_num_threads();
  for (const int count : {1, 2}) {
    at::set_num_threads(count);
    for (const auto& subject : subjects(130)) {
      INFO(subject.name << ", threads " << count);
      const auto first = fused(SupCon{}, subject, simd::widest(), 1 << 20), second = fused(SupCon{}, subject, simd::widest(), 1 << 20);
      CHECK(at::equal(first.loss, second.loss));
      CHECK(at::equal(first.grad_u, second.grad_u));
      CHECK(at::equal(first.grad_v, second.grad_v));
    }
  }
  at::set_num_threads(threads);
}

TEST_CASE("both views of a pair are mined and folded in one sweep, kept or not, whatever is left of a row") {
  Random random(17);
  for (const auto& [n, k] : std::vector<std::pair<int64_t, int64_t>>{{1, 3}, {9, 8}, {40, 30}, {90, 4}}) {
    const auto x = random.normal({n, 6}), y = random.normal({n, 6});
    const auto evaluate = [&](Evaluator evaluator, at::ScalarType type, int64_t workspace_bytes) {
      const auto a = x.to(type).detach().requires_grad_(), b = y.to(type).detach().requires_grad_();
      const ContrastiveLoss loss{similarity::Cosine{},
                                 mining::TopK{.k = k},
                                 SupCon{.temperature = 0.1},
                                 reduction::Mean{},
                                 {.evaluator = evaluator, .workspace_bytes = workspace_bytes}};
      const auto value = loss.crossed(a, b);
      value.backward();
      return Result{value.detach(), at::zeros({}), a.grad(), b.grad()};
    };
    const auto expected = evaluate(Evaluator::Dense, at::kDouble, kLarge);
    for (const auto bytes : {kSmall, kMedium, kLarge}) {
      INFO("n " << n << ", k " << k << ", workspace of " << bytes);
      compare(evaluate(Evaluator::Fused, at::kFloat, bytes), expected, 0.1);
    }
  }
}

TEST_CASE("similarities are kept where half of the workspace holds them, or as many as a larger one than the default does") {
  const auto rows = [](int64_t n) { return at::zeros({n, 6}).requires_grad_(); };
  const auto task = [&](const Tensor& x, int64_t bytes, const auto& objective) {
    return engine::fused_task(objective, mining::Places::none(x.size(0), true), x, x, /*self=*/true, /*both=*/false,
                              {.workspace_bytes = bytes});
  };
  CHECK(task(rows(200), kLarge, InfoNCE{}).keeps_all());
  CHECK(task(rows(200), kMedium, InfoNCE{}).room == 0);
  const auto many = rows(3000);  // 20.5 MiB of them
  CHECK(task(many, kLarge, InfoNCE{}).room == 0);
  const auto some = task(many, kLarge + 1, InfoNCE{});
  CHECK(some.room > 0);
  CHECK_FALSE(some.keeps_all());
  CHECK(some.room % some.plan.tile_floats() == 0);
  CHECK(some.room * 4 <= int64_t{16} << 20);
  CHECK(task(many, kLarge + (int64_t{5} << 20), InfoNCE{}).keeps_all());
  const auto sigmoid = task(many, kLarge + 1, Sigmoid{});  // slopes are taken in forward instead
  CHECK(sigmoid.room == 0);
  CHECK(sigmoid.eager);
  CHECK(task(rows(200), kLarge, TripletMargin{}).mirrored);
  CHECK_FALSE(task(many, kLarge, TripletMargin{}).mirrored);
  const at::NoGradGuard no_grad;
  CHECK(task(rows(200), kLarge, InfoNCE{}).room == 0);  // nobody will ask
}

TEST_CASE("what is kept is what would be computed again, in float32 and as products were rounded") {
  Random random(21);
  const auto labels = random.integers(30, {200}), rows = unit(random.normal({200, 24}));
  const auto pairing = by_labels(labels, labels, true);
  const auto evaluate = [&](at::ScalarType product, double share) {  // of the similarities that are kept
    return differentiate({.name = "labels", .u = rows, .v = {}, .pairing = pairing}, at::kFloat, [&](const Tensor& u, const Tensor& v) {
      const InfoNCE objective{.temperature = 0.5};
      const auto job = engine::make_job(objective, pairing, u, v, /*self=*/true, /*both=*/false, {});
      job->fused =
          engine::fused_task(objective, pairing.places(200, 200), u, v, /*self=*/true, /*both=*/false, {.workspace_bytes = kMedium});
      auto& task = *job->fused;
      task.product = task.kept_type = product;
      task.room = static_cast<int64_t>(share * static_cast<double>(task.plan.tiles())) * task.plan.tile_floats();
      return engine::stream(job, u, v);
    });
  };
  const auto exact = evaluate(at::kFloat, 0), rounded = evaluate(at::kBFloat16, 0);
  CHECK(largest(rounded.loss - exact.loss) > 1e-4);
  compare(rounded, exact, 1e-5);  // to bfloat16's three digits: 1e5 roundings of float32
  for (const double share : {0.5, 1.0}) {
    for (const auto& [product, again] : {std::pair{at::kFloat, exact}, std::pair{at::kBFloat16, rounded}}) {
      const auto kept = evaluate(product, share);
      CHECK(at::equal(kept.loss, again.loss));
      CHECK(at::equal(kept.grad_u, again.grad_u));
    }
  }
}

TEST_CASE("similarities that are kept in half the bytes are rounded, and value and slopes are theirs") {
  const auto labels = at::arange(150).remainder(40);
  const auto pairing = by_labels(labels, labels, true);
  const auto evaluate = [&](const Tensor& rows, at::ScalarType kept) {
    return differentiate({.name = "labels", .u = rows, .v = {}, .pairing = pairing}, at::kFloat, [&](const Tensor& u, const Tensor& v) {
      return engine::fuse(InfoNCE{.temperature = 0.5}, pairing, pairing.places(150, 150), u, v, /*self=*/true, /*both=*/false,
                          {.workspace_bytes = kLarge, .kept = kept}, {});
    });
  };
  Random random(23);
  const auto rows = unit(random.normal({150, 24})), whole = random.normal({150, 24}).round();  // of products that all are exact
  const auto exact = evaluate(rows, at::kFloat), of_whole = evaluate(whole, at::kFloat);
  for (const auto& [type, unit_roundoff] : {std::pair{at::kHalf, 0x1p-11}, std::pair{at::kBFloat16, 0x1p-8}}) {
    CAPTURE(type);
    const auto kept = evaluate(rows, type), kept_whole = evaluate(whole, type);
    CHECK(at::equal(kept_whole.loss, of_whole.loss));
    CHECK(at::equal(kept_whole.grad_u, of_whole.grad_u));
    const auto moves = unit_roundoff / 0.5;  // a logit of a similarity below 1, and so each of a loss's two logarithms
    CHECK(largest(kept.loss - exact.loss) > moves * 1e-3);
    CHECK(largest(kept.loss - exact.loss) <= 2 * moves);
    CHECK(largest(kept.grad_u - exact.grad_u) <= 16 * moves);  // shares by a factor of 1 + 2 moves, twice a pair, over a temperature of 0.5
  }
}

TEST_CASE("half the bytes hold twice the similarities, and no other type is kept") {
  const auto x = at::zeros({3000, 6}).requires_grad_();
  const auto task = [&](at::ScalarType kept) {
    return engine::fused_task(InfoNCE{}, mining::Places::none(3000, true), x, x, /*self=*/true, /*both=*/false,
                              {.workspace_bytes = kLarge, .kept = kept});
  };
  CHECK(task(at::kFloat).room == 0);
  CHECK(task(at::kHalf).keeps_all());  // 10.3 MiB
  CHECK(task(at::kBFloat16).keeps_all());
  const ContrastiveLoss loss{similarity::Dot{}, mining::Labels{}, InfoNCE{}, reduction::Mean{}, {.kept = at::kDouble}};
  CHECK_THROWS_WITH(loss(x, at::arange(3000)), Contains("idcl: expected `kept` to be Float, Half or BFloat16, but got Double"));
}

TEST_CASE("rows of a width that fills no line of the cache, in one tile and in several") {
  Random random(22);
  for (const int64_t n : {20, 90}) {
    const auto labels = random.integers(5, {n}), others = random.integers(5, {n});
    for (const auto& similarity : {similarity::Any(similarity::Dot{}), similarity::Any(similarity::Euclidean{.normalize = false})}) {
      const auto set = [&] { return unit(random.normal({n, 69})); };
      const Subject self{.name = "self", .u = set(), .v = {}, .pairing = by_labels(labels, labels, true), .similarity = similarity};
      const Subject cross{.name = "cross", .u = set(), .v = set(), .pairing = by_labels(labels, others, false), .similarity = similarity};
      for (const auto& subject : {self, cross}) {
        check_all(Contrastive{.neg_margin = 1.5, .distance = similarity.distance}, 1, subject, {kMedium, kLarge});
        check_all(MultiSimilarity{.alpha = 2, .beta = 20, .base = 0.3, .distance = similarity.distance}, 0.05, subject, {kMedium, kLarge});
      }
    }
  }
}

TEST_CASE("backward may come twice, and only for one side") {
  Random random(11);
  const auto rows = [&] { return unit(random.normal({70, 6})).to(at::kFloat).requires_grad_(); };
  const auto x = rows(), y = rows();
  const ContrastiveLoss loss{similarity::Dot{}, mining::Diagonal{}, InfoNCE{}, reduction::Mean{}, {.evaluator = Evaluator::Fused}};
  const auto value = loss.symmetric(x, y);
  const auto first = torch::autograd::grad({value}, {x, y}, {}, /*retain_graph=*/true);
  const auto second = torch::autograd::grad({value}, {x, y});
  for (const std::size_t i : {0, 1}) check_close("again", second[i], first[i], {.relative = 1e-6});
  const auto only_y = torch::autograd::grad({loss.symmetric(x.detach(), y)}, {y});
  check_close("one side", only_y[0], first[1], {.relative = 1e-6});
  const auto only_x = torch::autograd::grad({loss.symmetric(x, y.detach())}, {x});
  check_close("the other", only_x[0], first[0], {.relative = 1e-6});
}

TEST_CASE("a direction whose losses nobody asks for adds no slopes") {
  Random random(12);
  const auto rows = [&](int64_t n) { return unit(random.normal({n, 6})).to(at::kFloat).requires_grad_(); };
  const auto x = rows(70), y = rows(90);
  const auto labels = random.integers(7, {70}), others = random.integers(7, {90});
  for (const auto evaluator : {Evaluator::Fused, Evaluator::Streaming}) {
    const Evaluation evaluation{.evaluator = evaluator};
    const auto there = by_labels(labels, others, false), back = by_labels(others, labels, false);
    const auto [mine, theirs] = engine::evaluate_both(SupCon{}, there, x, y, evaluation);
    const auto slopes = [&](const Tensor& loss) { return torch::autograd::grad({loss.sum()}, {x, y}, {}, /*retain_graph=*/true); };
    const auto of_mine = slopes(mine.loss), of_theirs = slopes(theirs.loss);
    const auto forth = slopes(engine::evaluate(SupCon{}, there, x, y, false, evaluation).loss);
    const auto reverse = slopes(engine::evaluate(SupCon{}, back, y, x, false, evaluation).loss);
    for (const std::size_t i : {0, 1}) {
      check_close("of anchors", of_mine[i], forth[i], {.relative = 1e-5});
      check_close("of references", of_theirs[i], reverse[i], {.relative = 1e-5});
    }
  }
}

TEST_CASE("a second derivative comes by the streaming evaluator") {
  Random random(13);
  const auto x = unit(random.normal({30, 6})), direction = random.normal({30, 6});
  const auto labels = random.integers(5, {30});
  const auto curvature = [&](Evaluator evaluator, at::ScalarType type) {
    const auto rows = x.to(type).detach().requires_grad_();
    const SupCon objective{.temperature = 0.5};
    const ContrastiveLoss loss{similarity::Cosine{}, mining::Labels{}, objective, reduction::Mean{}, {.evaluator = evaluator}};
    const auto slope = torch::autograd::grad({loss(rows, labels)}, {rows}, {}, std::nullopt, /*create_graph=*/true);
    return torch::autograd::grad({(slope[0] * direction.to(type)).sum()}, {rows})[0];
  };
  check_close("curvature", curvature(Evaluator::Fused, at::kFloat), curvature(Evaluator::Dense, at::kDouble), {.relative = 1e-4});
}

TEST_CASE("Auto is Fused where there are kernels, and elsewhere asking for them is an error") {
  const auto u = at::ones({100, 4}), wide = u.to(at::kDouble);
  CHECK(engine::fuses(InfoNCE{}, u, u));
  CHECK_FALSE(engine::fuses(InfoNCE{}, wide, wide));
  CHECK_FALSE(engine::fuses(InfoNCE{.epsilon = 1e-8}, u, u));
  CHECK_FALSE(engine::fuses(InfoNCE{.temperature = -1}, u, u));
  CHECK_FALSE(engine::fuses(MultiSimilarity{.distance = true}, u, u));  // far pairs would be positives
  const auto euclidean = similarity::Any(similarity::Euclidean{}).metric(), noise = similarity::Any(similarity::SignalToNoise{}).metric();
  CHECK(engine::fuses(MultiSimilarity{.distance = true}, u, u, euclidean));
  CHECK_FALSE(engine::fuses(InfoNCE{}, u, u, euclidean));
  CHECK(engine::fuses(Contrastive{}, u, u, euclidean));
  CHECK_FALSE(engine::fuses(Contrastive{}, u, u, noise));  // a kernel cannot follow it
  CHECK(engine::fuses(Sigmoid{}, u, u));
  const auto placed = [&](const Tensor& labels) {
    return engine::fusible_places(NTXent{}, by_labels(labels, labels, true), u, u, {}, {}).has_value();
  };
  CHECK(placed(at::arange(100).remainder(50)));  // two views: a row has one positive
  CHECK_FALSE(placed(at::arange(100).remainder(49)));
  CHECK(engine::choose({}, 100, 100, /*fusible=*/true) == Evaluator::Fused);
  CHECK(engine::choose({.evaluator = Evaluator::Streaming}, 100, 100, /*fusible=*/true) == Evaluator::Streaming);
  CHECK(engine::choose({}, 100, 100, /*fusible=*/false) == Evaluator::Streaming);
  const ContrastiveLoss loss{similarity::Cosine{}, mining::Labels{}, InfoNCE{}, reduction::Mean{}, {.evaluator = Evaluator::Fused}};
  CHECK_NOTHROW(loss(u, at::zeros({100}, at::kLong)));
  CHECK_THROWS_WITH(loss(wide, at::zeros({100}, at::kLong)),
                    Contains("idcl: expected `evaluator` Auto, Dense or Streaming, but got Fused, and this objective has no fused kernel"));
}
