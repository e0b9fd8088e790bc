// ContrastiveLoss: every form of call, every way to compose one, objectives that users bring.

#include "engine/custom.hpp"
#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sigmoid.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <sstream>
#include <type_traits>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
using objective::InfoNCE;
using similarity::Cosine;

struct Data {
  Random random{7};
  Tensor x = random.normal({11, 5}), y = random.normal({11, 5}), z = random.normal({8, 5}), narrow = random.normal({11, 3});
  Tensor labels = random.integers(3, {11}), z_labels = random.integers(3, {8});
};

std::string name_of(const std::string& what, const Setting& setting) {
  std::ostringstream name;
  name << what << ", " << setting;
  return name.str();
}

const std::vector<Setting> settings{dense(), streaming(3), streaming(4), streaming()};

}  // namespace

TEST_CASE("a loss is composed of three, four or five policies") {
  const auto three = ContrastiveLoss{Cosine{}, mining::Labels{}, InfoNCE{.temperature = 0.5}};
  const auto four = ContrastiveLoss{similarity::Dot{}, mining::TopK{.k = 2}, objective::SupCon{.temperature = 0.5}, reduction::Sum{}};
  const auto five =
      ContrastiveLoss{Cosine{.eps = 1e-6}, mining::Diagonal{}, InfoNCE{}, reduction::None{}, Evaluation{.evaluator = Evaluator::Streaming}};
  static_assert(std::is_same_v<decltype(three), const ContrastiveLoss<Cosine, mining::Labels, InfoNCE, reduction::Mean>>);
  static_assert(std::is_same_v<decltype(four), const ContrastiveLoss<similarity::Dot, mining::TopK, objective::SupCon, reduction::Sum>>);
  static_assert(std::is_same_v<decltype(five), const ContrastiveLoss<Cosine, mining::Diagonal, InfoNCE, reduction::None>>);
  const Data d;
  CHECK(three(d.x, d.labels).dim() == 0);
  CHECK(four(d.x).dim() == 0);
  CHECK(five(d.x, d.y).sizes() == at::IntArrayRef{11});
  auto changed = three;  // a value like any other
  changed.objective.temperature = 0.1;
  CHECK(changed(d.x, d.labels).item<double>() != three(d.x, d.labels).item<double>());
}

TEST_CASE("what a call means is in its arguments") {
  const Data d;
  const double t = 0.3;
  for (const auto& setting : settings) {
    const auto evaluation = setting.evaluation(at::kDouble);
    const ContrastiveLoss labels{Cosine{}, mining::Labels{}, InfoNCE{.temperature = t}, reduction::None{}, evaluation};
    const ContrastiveLoss nearest{Cosine{}, mining::TopK{.k = 3}, InfoNCE{.temperature = t}, reduction::None{}, evaluation};
    const ContrastiveLoss diagonal{Cosine{}, mining::Diagonal{}, InfoNCE{.temperature = t}, reduction::None{}, evaluation};
    const auto check = [&](const std::string& what, const Tensor& rows, const oracle::Rows& expected) {
      check_close(name_of(what, setting), rows, oracle::losses(expected), tolerances(at::kDouble).loss);
    };
    const auto xx = oracle::similarities(d.x, d.x), xz = oracle::similarities(d.x, d.z), xy = oracle::similarities(d.x, d.y);
    check("loss(x)", nearest(d.x), oracle::inside(xx, oracle::nearest_positive(xx, 3, false), t));
    check("loss(x, labels)", labels(d.x, d.labels), oracle::inside(xx, oracle::same_label_positive(xx, d.labels, d.labels, true), t));
    check("loss(x, y)", diagonal(d.x, d.y), oracle::inside(xy, oracle::diagonal_positive(xy), t));
    check("loss(x, labels, z, z_labels)", labels(d.x, d.labels, d.z, d.z_labels),
          oracle::inside(xz, oracle::same_label_positive(xz, d.labels, d.z_labels, false), t));
    check("loss(x, in(narrow))", nearest(d.x, mining::in(d.narrow)),
          oracle::inside(xx, oracle::nearest_positive(oracle::similarities(d.narrow, d.narrow), 3, false), t));
    const auto lists = oracle::nearest(xz, 3, /*self=*/false);
    check("loss(x, z) with the k nearest of z", nearest(d.x, d.z),
          oracle::inside(xz,
                         oracle::roles(xz,
                                       [&](int64_t i, int64_t j) {
                                         return std::find(lists[i].begin(), lists[i].end(), j) != lists[i].end() ? oracle::Role::Positive
                                                                                                                 : oracle::Role::Negative;
                                       }),
                         t));
  }
}

TEST_CASE("symmetric and crossed are the means of both directions, gradients too") {
  const Data d;
  for (const auto& setting : settings) {
    const auto evaluation = setting.evaluation(at::kDouble);
    const auto check = [&](const std::string& what, const Function& together, const Function& apart) {
      check_close(name_of(what, setting), together({d.x, d.y}), apart({d.x, d.y}), tolerances(at::kDouble).loss);
      check_gradients(name_of(what, setting), gradient(together, as_leaves({d.x, d.y})), gradient(apart, as_leaves({d.x, d.y})),
                      tolerances(at::kDouble).gradient);
    };
    const ContrastiveLoss towers{Cosine{}, mining::Diagonal{}, InfoNCE{.temperature = 0.2}, reduction::Mean{}, evaluation};
    check(
        "symmetric", [&](const Inputs& in) { return towers.symmetric(in[0], in[1]); },
        [&](const Inputs& in) { return (towers(in[0], in[1]) + towers(in[1], in[0])) / 2; });
    const ContrastiveLoss in{Cosine{}, mining::TopK{.k = 3}, InfoNCE{.temperature = 0.2}, reduction::Mean{}, evaluation};
    check(
        "crossed", [&](const Inputs& of) { return in.crossed(of[0], of[1]); },
        [&](const Inputs& of) { return (in(of[0], mining::in(of[1])) + in(of[1], mining::in(of[0]))) / 2; });
    const ContrastiveLoss out{Cosine{}, mining::TopK{.k = 3, .self = mining::SelfPair::Negative}, objective::SupCon{.temperature = 0.2},
                              reduction::Sum{}, evaluation};
    check(
        "crossed, out", [&](const Inputs& of) { return out.crossed(of[0], of[1]); },
        [&](const Inputs& of) { return (out(of[0], mining::in(of[1])) + out(of[1], mining::in(of[0]))) / 2; });
  }
}

TEST_CASE("a set against itself without its diagonal is the set alone") {
  const Data d;
  for (const auto& setting : settings) {
    const ContrastiveLoss loss{Cosine{}, mining::Labels{}, InfoNCE{.temperature = 0.2}, reduction::None{}, setting.evaluation(at::kDouble)};
    const auto s = oracle::similarities(d.x, d.x);
    const auto with_diagonal = oracle::inside(s, oracle::same_label_positive(s, d.labels, d.labels, false), 0.2);
    check_close(name_of("against a copy", setting), loss(d.x, d.labels, d.x.clone(), d.labels), oracle::losses(with_diagonal),
                tolerances(at::kDouble).loss);
    check_close(name_of("against itself", setting), loss(d.x, d.labels, d.x, d.labels), oracle::losses(with_diagonal),
                tolerances(at::kDouble).loss);
    // mirrored tiles say what every tile would
    const auto leaves = as_leaves({d.x});
    const auto self = gradient([&](const Inputs& in) { return loss(in[0], d.labels).sum(); }, leaves)[0];
    const ContrastiveLoss reference{Cosine{}, mining::Labels{}, InfoNCE{.temperature = 0.2}, reduction::None{},
                                    dense().evaluation(at::kDouble)};
    check_close(name_of("gradient", setting), self,
                gradient([&](const Inputs& in) { return reference(in[0], d.labels).sum(); }, as_leaves({d.x}))[0],
                tolerances(at::kDouble).gradient);
  }
}

TEST_CASE("objectives that users bring stream as they are, one pass or two, whatever the miner") {
  const Data d;
  const auto check_objective = [&](const std::string& name, const auto& objective) {
    for (const auto& setting : {streaming(1), streaming(3), streaming(4), streaming()}) {
      const auto check = [&](const std::string& what, const Inputs& inputs, const auto& call) {
        const Function streamed = [&](const Inputs& in) { return call(in, setting.evaluation(at::kDouble)); },
                       reference = [&](const Inputs& in) { return call(in, dense().evaluation(at::kDouble)); };
        check_close(name_of(name + ", " + what, setting), streamed(inputs), reference(inputs), tolerances(at::kDouble).loss);
        check_gradients(name_of(name + ", " + what, setting), gradient(streamed, as_leaves(inputs)), gradient(reference, as_leaves(inputs)),
                        tolerances(at::kDouble).gradient);
      };
      check("labels", {d.x}, [&](const Inputs& in, const Evaluation& e) {
        return ContrastiveLoss{Cosine{}, mining::Labels{}, objective, reduction::Mean{}, e}(in[0], d.labels);
      });
      check("labels of two sets", {d.x, d.z}, [&](const Inputs& in, const Evaluation& e) {
        return ContrastiveLoss{Cosine{}, mining::Labels{}, objective, reduction::Mean{}, e}(in[0], d.labels, in[1], d.z_labels);
      });
      check("towers", {d.x, d.y}, [&](const Inputs& in, const Evaluation& e) {
        return ContrastiveLoss{Cosine{}, mining::Diagonal{}, objective, reduction::Sum{}, e}.symmetric(in[0], in[1]);
      });
      check("nearest", {d.x}, [&](const Inputs& in, const Evaluation& e) {
        return ContrastiveLoss{Cosine{}, mining::TopK{.k = 3}, objective, reduction::Mean{}, e}(in[0], mining::in(d.narrow));
      });
    }
    gradcheck(name,
              [&](const Inputs& in) {
                return ContrastiveLoss{Cosine{}, mining::Labels{}, objective, reduction::Sum{}, dense().evaluation(at::kDouble)}(in[0],
                                                                                                                                 d.labels);
              },
              {d.x});
  };
  check_objective("hinge", Hinge{});
  check_objective("spread", Spread{});
}

TEST_CASE("an objective without `pull` has a second derivative where it is dense, and says so where it streams") {
  const Data d;
  const auto second = [&](const Setting& setting) {
    const ContrastiveLoss loss{Cosine{}, mining::Labels{}, Spread{}, reduction::Mean{}, setting.evaluation(at::kDouble)};
    return gradient(slope_of([&](const Inputs& in) { return loss(in[0], d.labels); }, {d.y}), as_leaves({d.x}));
  };
  CHECK(largest(second(dense())[0]) > 0);
  CHECK_THROWS_WITH(second(streaming(3)), Contains("no second derivative in the streaming evaluator; use Evaluator::Dense"));
}

TEST_CASE("Auto is dense for small sets and streams large ones, and both say the same") {
  const auto x = Random(8).normal({200, 6});
  for (const int64_t n : {3, 64, 65, 200}) {
    const auto rows = x.narrow(0, 0, n);
    const ContrastiveLoss automatic{Cosine{}, mining::TopK{.k = 2}, InfoNCE{}, reduction::None{}};
    const ContrastiveLoss streamed{Cosine{}, mining::TopK{.k = 2}, InfoNCE{}, reduction::None{}, streaming().evaluation(at::kDouble)};
    check_close("auto", automatic(rows), streamed(rows), tolerances(at::kDouble).loss);
  }
  CHECK(engine::choose({}, 64, 64) == Evaluator::Dense);
  CHECK(engine::choose({}, 1 << 20, 1 << 20) == Evaluator::Streaming);
}

TEST_CASE("a loss refuses arguments that make no sense") {
  const Data d;
  const ContrastiveLoss labels{Cosine{}, mining::Labels{}, InfoNCE{}};
  const ContrastiveLoss nearest{Cosine{}, mining::TopK{.k = 3}, InfoNCE{}};
  const ContrastiveLoss diagonal{Cosine{}, mining::Diagonal{}, InfoNCE{}};
  const auto elsewhere = at::empty(d.x.sizes(), d.x.options().device(at::kMeta));
  CHECK_THROWS_WITH(labels(Tensor()), Contains("idcl::ContrastiveLoss: expected `x` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(labels(d.x.unsqueeze(0), d.labels),
                    Contains("idcl::ContrastiveLoss: expected `x` to be 2-D [N, D], but got [1, 11, 5]"));
  CHECK_THROWS_WITH(
      labels(d.x),
      Contains("expected labels for anchors and references, as in loss(x, labels) or loss(x, labels, y, y_labels), but got none"));
  CHECK_THROWS_WITH(labels(d.x, d.y), Contains("expected labels for anchors and references"));
  CHECK_THROWS_WITH(labels(d.x, d.labels.to(at::kFloat)),
                    Contains("idcl::ContrastiveLoss: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(labels(d.x, d.labels.narrow(0, 0, 5)), Contains("expected `labels` to be [11], one a row, but got [5]"));
  CHECK_THROWS_WITH(labels(d.x, d.labels, d.z, d.labels), Contains("expected `y_labels` to be [8], one a row, but got [11]"));
  CHECK_THROWS_WITH(labels(d.x, d.labels, d.z, Tensor()), Contains("expected labels for anchors and references"));
  CHECK_THROWS_WITH(diagonal(d.x), Contains("idcl::mining::Diagonal: expected two sets of one size, as in loss(x, y), but got one set"));
  CHECK_THROWS_WITH(diagonal(d.x, d.z), Contains("but got sets of 11 and 8 rows"));
  CHECK_THROWS_WITH(diagonal.symmetric(d.x, d.z), Contains("but got sets of 11 and 8 rows"));
  CHECK_THROWS_WITH(diagonal(d.x, d.narrow), Contains("expected `y` to be [M, 5] as `x` is, but got [11, 3]"));
  CHECK_THROWS_WITH(diagonal(d.x, d.y.to(at::kFloat)), Contains("expected `x` and `y` to have one type, but got Double and Float"));
  CHECK_THROWS_WITH(diagonal(d.x, elsewhere), Contains("expected `x` and `y` on one device, but got cpu and meta"));
  CHECK_THROWS_WITH(diagonal(d.x, Tensor()), Contains("expected `y` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(nearest(d.x, mining::in(d.z)), Contains("expected `in` to have the 11 rows of `x`, but got [8, 5]"));
  CHECK_THROWS_WITH(nearest(d.x, mining::in(Tensor())), Contains("expected `in` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(nearest(d.x, mining::in(elsewhere)), Contains("expected `x` and `in` on one device, but got cpu and meta"));
  CHECK_THROWS_WITH(nearest.crossed(d.x, d.z), Contains("expected `y` to have the 11 rows of `x`, but got [8, 5]"));
  CHECK_THROWS_WITH((ContrastiveLoss{Cosine{}, mining::TopK{.k = 0}, InfoNCE{}}(d.x)),
                    Contains("idcl::mining::TopK: expected `k` >= 1, but got 0"));
  CHECK_THROWS_WITH((ContrastiveLoss{Cosine{}, mining::Labels{}, InfoNCE{}, reduction::Mean{}, {.workspace_bytes = 0}}(d.x, d.labels)),
                    Contains("idcl: expected `workspace_bytes` > 0, but got 0"));
  CHECK_THROWS_WITH(
      (ContrastiveLoss{Cosine{}, mining::Labels{}, InfoNCE{}, reduction::Mean{}, {.evaluator = Evaluator::Fused}}(d.x, d.labels)),
      Contains("idcl: expected `evaluator` Auto, Dense or Streaming, but got Fused"));
}

TEST_CASE("policies refuse parameters that make no sense") {
  const Data d;
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refused = [&](const auto& similarity, const auto& objective, const std::string& why) {
    for (const auto& setting : {dense(), streaming(3)}) {
      const ContrastiveLoss loss{similarity, mining::Labels{}, objective, reduction::Mean{}, setting.evaluation(at::kDouble)};
      CHECK_THROWS_WITH(loss(d.x, d.labels), Contains(why));
    }
  };
  for (const double bad : {0.0, nan, inf}) {
    refused(Cosine{}, InfoNCE{.temperature = bad}, "idcl::objective::InfoNCE: expected `temperature` to be finite and not 0, but got ");
    refused(Cosine{}, objective::SupCon{.temperature = bad},
            "idcl::objective::SupCon: expected `temperature` to be finite and not 0, but got ");
  }
  for (const double bad : {-1e-8, nan, inf})
    refused(Cosine{}, InfoNCE{.epsilon = bad}, "idcl::objective::InfoNCE: expected `epsilon` to be finite and >= 0, but got ");
  for (const double bad : {0.0, -1.0, nan, inf})
    refused(Cosine{.eps = bad}, InfoNCE{}, "idcl::similarity::Cosine: expected `eps` to be finite and > 0, but got ");
  for (const double bad : {0.0, -1.0, nan, inf})
    refused(Cosine{}, objective::Sigmoid{.scale = bad}, "idcl::objective::Sigmoid: expected `scale` to be finite and > 0, but got ");
  for (const double bad : {nan, inf})
    refused(Cosine{}, objective::Sigmoid{.bias = bad}, "idcl::objective::Sigmoid: expected `bias` to be finite, but got ");
}
