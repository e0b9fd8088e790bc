// What must hold of losses of proxies, classifiers and views on any numbers: derivatives, reductions, edges, modules, messages.

#include "losses_proxies/subjects.hpp"

#include "idcl/losses/arc_face.hpp"
#include "idcl/losses/barlow_twins.hpp"
#include "idcl/losses/large_margin_softmax.hpp"
#include "idcl/losses/proxy_anchor.hpp"
#include "idcl/losses/proxy_nca.hpp"
#include "idcl/losses/soft_triple.hpp"
#include "idcl/losses/sub_center_arc_face.hpp"
#include "idcl/losses/vic_reg.hpp"
#include "support/random.hpp"

#include <torch/serialize.h>

#include <sstream>

namespace {

using namespace idcl::test;
namespace F = idcl::functional;
using Catch::Contains;

constexpr int64_t kClasses = 4, kWidth = 3;

/// n rows, of classes that occur and one that does not.
Tensors random_inputs(const Subject& subject, int64_t n, uint64_t seed = 0, at::ScalarType type = at::kDouble) {
  Random random(seed);
  if (subject.inputs == Subject::Inputs::Views) return {{"a", random.normal({n, kWidth}, type)}, {"b", random.normal({n, kWidth}, type)}};
  const auto weight = subject.centers > 0 ? random.normal({kClasses, 2, kWidth}, type) : random.normal({kClasses, kWidth}, type);
  return {{"embeddings", random.normal({n, kWidth}, type)}, {"labels", random.integers(kClasses - 1, {n})}, {"weight", weight}};
}

std::vector<idcl::reduction_t> reductions(const Subject& subject) {
  return subject.has_rows ? all_reductions({0.5, 2.0, 1.0, 3.0}) : std::vector<idcl::reduction_t>{torch::kMean, torch::kSum};
}

}  // namespace

TEST_CASE("gradients of proxies, classifiers and views are those of their differences, with every option and reduction") {
  for (const auto& subject : subjects()) {
    check_all_tried(subject.name, subject.loss, variants_of(subject), /*elsewhere=*/{"sub_centers", "centers_per_class"});
    const auto inputs = random_inputs(subject, 5, 11);
    for (const auto& options : variants_of(subject))
      for (const auto& reduction : reductions(subject)) check_slopes(subject.name, subject.loss, inputs, options, reduction);
  }
}

TEST_CASE("second derivatives are those of the slope's differences, or an error that says so") {
  for (const auto& subject : subjects()) {
    const auto inputs = random_inputs(subject, 4, 12);
    Random random(3);
    Inputs directions;
    for (const auto& value : floating(inputs)) directions.push_back(random.normal(value.sizes()));
    const auto slope = [&](const Setting& setting) {
      return slope_of(function_of(subject.loss, inputs, {subject.mild, setting}), directions);
    };
    const auto expected = differences(slope(dense()), floating(inputs));
    check_gradients(name_of(subject, dense(), "second derivative"), gradient(slope(dense()), as_leaves(floating(inputs))), expected);
    if (subject.streams_twice) {
      check_gradients(name_of(subject, streaming(3), "second derivative"), gradient(slope(streaming(3)), as_leaves(floating(inputs))),
                      expected);
    } else {
      CHECK_THROWS_WITH(gradient(slope(streaming(3)), as_leaves(floating(inputs))), Contains("use Evaluator::Dense"));
    }
  }
}

TEST_CASE("rows of kNone are each row's loss alone, and the mean and the sum are theirs") {
  for (const auto& subject : subjects()) {
    if (!subject.has_rows) continue;
    const auto inputs = random_inputs(subject, 9, 13);
    for (const auto& setting : {dense(), streaming(4)}) {
      const auto rows = subject.loss(inputs, {{}, setting, torch::kNone});
      const auto what = name_of(subject, setting, "rows");
      REQUIRE(rows.sizes() == at::IntArrayRef{9});
      for (int64_t i = 0; i < rows.size(0); ++i) {
        auto alone = inputs;
        alone["embeddings"] = inputs.at("embeddings").narrow(0, i, 1);
        alone["labels"] = inputs.at("labels").narrow(0, i, 1);
        check_close(what, rows[i].item<double>(), subject.loss(alone, {}).item<double>(), {1e-12, 1e-12});
      }
      check_close(what, subject.loss(inputs, {{}, setting}).item<double>(), rows.mean().item<double>(), {1e-12, 1e-12});
      check_close(what, subject.loss(inputs, {{}, setting, torch::kSum}).item<double>(), rows.sum().item<double>(), {1e-12, 1e-12});
    }
  }
}

TEST_CASE("sums over classes and dimensions are those of their definitions") {
  const auto in = random_inputs(subjects().front(), 8, 14);
  const auto cosine = at::mm(idcl::similarity::Cosine{}.embed(in.at("embeddings")), idcl::similarity::Cosine{}.embed(in.at("weight")).t());
  double expected = 0;
  for (int64_t c = 0; c < kClasses; ++c) {
    double pulls = 0, pushes = 0;
    for (int64_t i = 0; i < 8; ++i) {
      const auto s = cosine[i][c].item<double>();
      (in.at("labels")[i].item<int64_t>() == c ? pulls : pushes) +=
          in.at("labels")[i].item<int64_t>() == c ? std::exp(-3 * (s - 0.2)) : std::exp(3 * (s + 0.2));
    }
    expected += std::log1p(pulls) + std::log1p(pushes);
  }
  const auto options = idcl::ProxyAnchorLossOptions().alpha(3).margin(0.2).reduction(torch::kSum);
  check_close("proxy_anchor", F::proxy_anchor_loss(in.at("embeddings"), in.at("labels"), in.at("weight"), options).item<double>(), expected,
              {1e-12, 0});

  Random random(15);
  const auto a = random.normal({6, 3}), b = random.normal({6, 3});
  const auto sum_part = [&](const char* part) {
    auto o = idcl::VICRegLossOptions().invariance_lambda(0).variance_mu(0).covariance_v(0);
    if (std::string(part) == "invariance") o.invariance_lambda(2);
    if (std::string(part) == "variance") o.variance_mu(2);
    if (std::string(part) == "covariance") o.covariance_v(2);
    return F::vic_reg_loss(a, b, idcl::VICRegLossOptions(o).reduction(torch::kSum)).item<double>() /
           F::vic_reg_loss(a, b, o).item<double>();
  };
  CHECK(sum_part("invariance") == Approx(6));
  CHECK(sum_part("variance") == Approx(3));
  CHECK(sum_part("covariance") == Approx(1));
}

TEST_CASE("no finite input of proxies, classifiers and views gives a NaN") {
  for (const auto& subject : subjects()) {
    auto requests = subject.extremes;
    requests.push_back(Json::object());
    for (const auto type : {at::kDouble, at::kFloat}) {
      std::map<std::string, Tensors> hunts;
      const auto random = random_inputs(subject, 6, 16, type);
      hunts["random"] = random;
      hunts["one row"] = random_inputs(subject, 1, 17, type);
      hunts["no rows"] = random_inputs(subject, 0, 18, type);
      for (const auto& [name, value] : random) {
        if (!value.is_floating_point()) continue;
        auto& zeros = hunts["zero " + name] = random;
        zeros[name] = at::zeros_like(value);
        auto& equal = hunts["equal " + name] = random;
        equal[name] = value.narrow(0, 0, 1).expand_as(value).contiguous();
        auto& twice = hunts["the same rows twice, " + name] = random;
        twice[name] = value.index_select(0, at::arange(value.size(0), at::kLong).remainder(2));
        auto& one = hunts["one row of zeros, " + name] = random;
        one[name] = value.index_fill(0, at::tensor({1}, at::kLong), 0);
      }
      if (subject.inputs == Subject::Inputs::Classes) {
        hunts["one class"] = random;
        hunts["one class"]["labels"] = at::zeros({6}, at::kLong);
        hunts["distinct classes"] = random;
        hunts["distinct classes"]["labels"] = at::arange(6, at::kLong);
        hunts["distinct classes"]["weight"] = at::cat({random.at("weight"), random.at("weight")});
        hunts["the only class"] = hunts["one class"];
        hunts["the only class"]["weight"] = random.at("weight").narrow(0, 0, 1).contiguous();
        const auto first = subject.centers > 0 ? random.at("weight").select(1, 0) : random.at("weight");
        hunts["rows on their weights"] = random;
        hunts["rows on their weights"]["embeddings"] = first.index_select(0, random.at("labels")).contiguous();
        hunts["rows opposite their weights"] = random;
        hunts["rows opposite their weights"]["embeddings"] = -first.index_select(0, random.at("labels")).contiguous();
      } else {
        hunts["same views"] = random;
        hunts["same views"]["b"] = random.at("a");
      }
      for (const auto& [what, inputs] : hunts)
        for (const auto& options : requests)
          for (const auto& setting : {dense(), streaming(3)})
            check_finite(name_of(subject, setting, what + ", " + options.dump()), subject.loss, inputs, {options, setting});
    }
  }
}

TEST_CASE("what has no term is a zero attached to the graph") {
  for (const auto& subject : subjects())
    for (const int64_t n : {0, 1}) {
      if (n == 1 && subject.inputs == Subject::Inputs::Classes) continue;  // one row among classes is a row as any other
      const auto inputs = random_inputs(subject, n);
      for (const auto& setting : {dense(), streaming(3)}) {
        const auto leaves = as_leaves(floating(inputs));
        const auto loss = function_of(subject.loss, inputs, {{}, setting})(leaves);
        INFO(name_of(subject, setting, std::to_string(n) + " rows"));
        CHECK(loss.item<double>() == 0);
        loss.backward();
        for (const auto& leaf : leaves) CHECK(largest(or_zeros(leaf.grad(), leaf)) == 0);
      }
    }
}

TEST_CASE("proxies and classifiers take inputs of any stride and labels of any integer type") {
  for (const auto& subject : subjects()) {
    if (subject.inputs != Subject::Inputs::Classes) continue;
    const auto in = random_inputs(subject, 8, 19);
    const auto expected = subject.loss(in, {}).item<double>();
    auto strided = in;
    strided["embeddings"] = in.at("embeddings").t().contiguous().t();
    strided["weight"] = in.at("weight").movedim(-1, 0).contiguous().movedim(0, -1);
    for (const auto type : {at::kInt, at::kByte, at::kShort}) {
      strided["labels"] = in.at("labels").to(type);
      for (const auto& setting : {dense(), streaming(3)})
        check_close(name_of(subject, setting, "strides"), subject.loss(strided, {{}, setting}).item<double>(), expected, {1e-12, 0});
    }
  }
}

TEST_CASE("the nearest sub-center alone has a slope, the first of equals") {
  const auto x = at::tensor({1.0, 0.0}).view({1, 2}), labels = at::zeros({1}, at::kLong);
  auto weight = at::tensor({0.6, 0.8, 0.6, 0.8, -1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, -1.0}).view({2, 3, 2}).requires_grad_();
  for (const auto& setting : {dense(), streaming(1)}) {
    const auto options = with(idcl::SubCenterArcFaceLossOptions().scale(2), setting, at::kFloat);
    weight.mutable_grad() = Tensor();
    F::sub_center_arc_face_loss(x.to(at::kFloat), labels, weight.to(at::kFloat), options).backward();
    const auto slopes = weight.grad().abs().sum(2);  // [2, 3]
    CHECK(slopes[0][0].item<double>() > 0);
    CHECK(largest(slopes[0].slice(0, 1)) == 0);
    CHECK(slopes[1][0].item<double>() == 0);
    CHECK(slopes[1][2].item<double>() == 0);
  }
}

TEST_CASE("modules own the weight and start it as PyTorch Metric Learning does") {
  torch::manual_seed(1);
  const auto labels = at::tensor({0, 1, 2, 1}, at::kLong);
  const auto x = Random(2).normal({4, 6}, at::kFloat);

  idcl::ArcFaceLoss arc(idcl::ArcFaceLossOptions(200, 50));
  REQUIRE(arc->parameters().size() == 1);
  CHECK(arc->named_parameters().contains("weight"));
  CHECK(arc->weight.sizes() == at::IntArrayRef{200, 50});
  CHECK(arc->weight.std().item<double>() == Approx(1).epsilon(0.05));
  idcl::ProxyAnchorLoss anchor(idcl::ProxyAnchorLossOptions(200, 50));
  CHECK(anchor->weight.std().item<double>() == Approx(0.1).epsilon(0.05));
  idcl::SoftTripleLoss triple(idcl::SoftTripleLossOptions(40, 50));
  CHECK(triple->weight.sizes() == at::IntArrayRef{40, 10, 50});
  CHECK(largest(triple->weight) <= 0.05);
  CHECK(triple->weight.std().item<double>() == Approx(0.05 / std::sqrt(3.0)).epsilon(0.05));

  idcl::SubCenterArcFaceLoss loss(idcl::SubCenterArcFaceLossOptions(3, 6).sub_centers(2).margin(10));
  const auto value = loss->forward(x, labels);
  CHECK(value.item<double>() == Approx(F::sub_center_arc_face_loss(x, labels, loss->weight, loss->options).item<double>()));
  value.backward();
  CHECK(largest(loss->weight.grad()) > 0);
  std::ostringstream printed;
  printed << *loss;
  CHECK(printed.str() == "idcl::SubCenterArcFaceLoss(num_classes=3, embedding_size=6, margin=10, scale=64, sub_centers=2, reduction=mean)");

  const auto copy = std::dynamic_pointer_cast<idcl::SubCenterArcFaceLossImpl>(loss->clone());
  CHECK(copy->weight.equal(loss->weight));
  CHECK_FALSE(copy->weight.is_same(loss->weight));
  std::stringstream archive;
  torch::save(loss, archive);
  idcl::SubCenterArcFaceLoss restored(idcl::SubCenterArcFaceLossOptions(3, 6).sub_centers(2));
  torch::load(restored, archive);
  CHECK(restored->weight.equal(loss->weight));
}

TEST_CASE("half embeddings meet a module's float32 weight") {
  const auto x = Random(2).normal({4, 6}, at::kBFloat16), labels = at::tensor({0, 1, 2, 1}, at::kLong),
             weight = Random(3).normal({3, 6}, at::kFloat);
  const auto loss = F::arc_face_loss(x, labels, weight);
  CHECK(loss.scalar_type() == at::kFloat);
  CHECK(loss.item<double>() == Approx(F::arc_face_loss(x.to(at::kFloat), labels, weight).item<double>()));
}

TEST_CASE("what makes no sense to proxies, classifiers and views is refused in one line") {
  const auto x = at::ones({2, 3}), labels = at::tensor({0, 1}, at::kLong), weight = at::ones({4, 3}), centers = at::ones({4, 2, 3});
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, at::ones({4, 5})),
                    Contains("idcl::arc_face_loss: expected `weight` to be [C, 3], a row for each class, but got [4, 5]"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, centers),
                    Contains("expected `weight` to be [C, 3], a row for each class, but got [4, 2, 3]"));
  CHECK_THROWS_WITH(F::soft_triple_loss(x, labels, weight),
                    Contains("idcl::soft_triple_loss: expected `weight` to be [C, K, 3], a row for each center, but got [4, 3]"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, {}), Contains("expected `weight` to be a tensor [C, 3], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, weight.to(at::kDouble)),
                    Contains("expected `embeddings` and `weight` both in float64, or neither, but got Float and Double"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, weight.to(at::kLong)), Contains("expected `weight` to be of floating type, but got Long"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, at::tensor({0, 4}, at::kLong), weight),
                    Contains("idcl::arc_face_loss: expected `labels` within [0, 4), the classes of `weight`, but got 4"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, at::tensor({-1, 0}, at::kLong), weight),
                    Contains("expected `labels` within [0, 4), the classes of `weight`, but got -1"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, x.select(1, 0), weight), Contains("expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, weight, idcl::ArcFaceLossOptions().margin(200)),
                    Contains("idcl::arc_face_loss: expected `margin` in degrees, within [0, 180], but got 200"));
  CHECK_THROWS_WITH(F::arc_face_loss(x, labels, weight, idcl::ArcFaceLossOptions().scale(0)),
                    Contains("idcl::arc_face_loss: expected `scale` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(F::large_margin_softmax_loss(x, labels, weight, idcl::LargeMarginSoftmaxLossOptions().margin(0)),
                    Contains("expected `margin` >= 1, but got 0"));
  CHECK_THROWS_WITH(F::proxy_nca_loss(x, labels, weight, idcl::ProxyNCALossOptions().softmax_scale(-1)),
                    Contains("expected `softmax_scale` to be finite and > 0, but got -1"));
  CHECK_THROWS_WITH(F::proxy_anchor_loss(x, labels, weight, idcl::ProxyAnchorLossOptions().reduction(torch::kNone)),
                    Contains("idcl::proxy_anchor_loss: expected `reduction` kMean or kSum, but got \"none\""));
  CHECK_THROWS_WITH(F::soft_triple_loss(x, labels, centers, idcl::SoftTripleLossOptions().similarity(idcl::similarity::Euclidean{})),
                    Contains("idcl::soft_triple_loss: expected `similarity` to be no distance"));
  CHECK_THROWS_WITH(F::vic_reg_loss(x, x, idcl::VICRegLossOptions().reduction(torch::kNone)),
                    Contains("idcl::vic_reg_loss: expected `reduction` kMean or kSum, but got \"none\""));
  CHECK_THROWS_WITH(F::barlow_twins_loss(x, x, idcl::BarlowTwinsLossOptions().eps(0)),
                    Contains("idcl::barlow_twins_loss: expected `eps` to be finite and > 0, but got 0"));
  CHECK_THROWS_WITH(F::barlow_twins_loss(x, at::ones({3, 3})),
                    Contains("idcl::barlow_twins_loss: expected `b` to have the 2 rows of `a`, but got [3, 3]"));
  CHECK_THROWS_WITH(idcl::ArcFaceLoss(idcl::ArcFaceLossOptions()), Contains("idcl::ArcFaceLoss: expected `num_classes` > 0, but got 0"));
}
