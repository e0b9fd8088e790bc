// Modules and functionals as their users call them: every form of call, options, printing, saving, autocast, modes.

#include "idcl/losses/clip.hpp"
#include "idcl/losses/idcl.hpp"
#include "idcl/losses/info_nce.hpp"
#include "idcl/losses/sup_con.hpp"
#include "losses/subjects.hpp"
#include "support/gradcheck.hpp"
#include "support/modes.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/serialize.h>

#include <sstream>

namespace {

namespace F = idcl::functional;
using namespace idcl::test;

struct Data {
  Random random{3};
  Tensor a = random.normal({20, 4, 6}, at::kFloat), b = random.normal({20, 4, 6}, at::kFloat);
  Tensor x = random.normal({20, 6}, at::kFloat), y = random.normal({20, 6}, at::kFloat);
  Tensor labels = random.integers(4, {20}), other_labels = random.integers(4, {20});
  Tensor mask = at::ones({20, 4}, at::kBool);
};

template <class Module>
std::string printed(const Module& module) {
  std::ostringstream stream;
  stream << module;
  return stream.str();
}

}  // namespace

TEST_CASE("functionals are called with and without options") {
  const Data d;
  const auto idcl = idcl::IDCLLossOptions();
  CHECK(F::idcl_loss(d.a, d.b).equal(F::idcl_loss(d.a, d.b, idcl)));
  CHECK(F::idcl_loss(d.a, d.b, d.mask).equal(F::idcl_loss(d.a, d.b, d.mask, idcl)));
  CHECK(F::idcl_loss(d.x, d.y).equal(
      F::idcl_loss(d.x, d.y, idcl::IDCLLossOptions().num_neighbors(15).temperature(0.1).epsilon(0).form("in").denominator("others"))));
  CHECK(F::idcl_pair_loss(d.a, d.b).equal(F::idcl_pair_loss(d.a, d.b, idcl)));
  CHECK(F::idcl_pair_loss(d.a, d.b, d.mask).equal(F::idcl_pair_loss(d.a, d.b, d.mask, idcl)));
  CHECK(F::idcl_loss(d.x, d.y, idcl::IDCLLossOptions::official()).equal(F::idcl_loss(d.x, d.y, idcl::IDCLLossOptions().epsilon(1e-8))));
  CHECK(F::info_nce_loss(d.x, d.y).equal(
      F::info_nce_loss(d.x, d.y, idcl::InfoNCELossOptions().temperature(0.07).normalize(true).symmetric(false))));
  CHECK(F::clip_loss(d.x, d.y, 10.0).equal(F::clip_loss(d.x, d.y, at::scalar_tensor(10.0f, at::kFloat))));
  CHECK(F::clip_loss(d.x, d.y, 10.0)
            .equal(F::clip_loss(d.x, d.y, at::scalar_tensor(10.0, at::kDouble), idcl::ClipLossOptions().normalize(true))));
  CHECK(F::sup_con_loss(d.x, d.labels).equal(F::sup_con_loss(d.x, d.labels, idcl::SupConLossOptions().temperature(0.1).form("out"))));
  CHECK(F::sup_con_loss(d.x, d.labels, d.y, d.other_labels)
            .equal(F::sup_con_loss(d.x, d.labels, d.y, d.other_labels, idcl::SupConLossOptions())));
}

TEST_CASE("a full mask means what no mask means") {
  const Data d;
  check_close("masked", F::idcl_loss(d.a, d.b, d.mask), F::idcl_loss(d.a, d.b), {1e-6, 0});
  check_close("pooled", F::idcl_loss(d.a, d.b), F::idcl_loss(d.a.mean(1), d.b.mean(1)), {1e-6, 0});
}

TEST_CASE("what a mask hides does not matter, NaN or not") {
  Data d;
  d.mask[3][2] = false;
  d.mask[7].narrow(0, 1, 3).fill_(false);
  const auto loss = F::idcl_pair_loss(d.a, d.b, d.mask);
  for (const double junk : {0.0, 1e30, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const auto leaves =
        as_leaves({d.a.masked_fill(d.mask.logical_not().unsqueeze(2), junk), d.b.masked_fill(d.mask.logical_not().unsqueeze(2), junk)});
    const auto with_junk = F::idcl_pair_loss(leaves[0], leaves[1], d.mask);
    CHECK(with_junk.equal(loss));
    for (const auto& slope : gradient([&](const Inputs&) { return with_junk; }, leaves)) {
      CHECK(slope.isfinite().all().item<bool>());
      CHECK(largest(slope.masked_fill(d.mask.unsqueeze(2), 0)) == 0);
    }
  }
}

TEST_CASE("modules say what functionals say") {
  const Data d;
  const auto idcl = idcl::IDCLLossOptions().num_neighbors(4).temperature(0.2);
  idcl::IDCLLoss idcl_loss(idcl);
  CHECK(idcl_loss(d.a, d.b).equal(F::idcl_pair_loss(d.a, d.b, idcl)));
  CHECK(idcl_loss->forward(d.a, d.b, d.mask).equal(F::idcl_pair_loss(d.a, d.b, d.mask, idcl)));
  idcl_loss->options.temperature(0.5);
  CHECK(idcl_loss(d.a, d.b).equal(F::idcl_pair_loss(d.a, d.b, idcl::IDCLLossOptions(idcl).temperature(0.5))));
  CHECK(idcl::InfoNCELoss()(d.x, d.y).equal(F::info_nce_loss(d.x, d.y)));
  CHECK(idcl::SupConLoss()(d.x, d.labels).equal(F::sup_con_loss(d.x, d.labels)));
  CHECK(idcl::SupConLoss(idcl::SupConLossOptions().form("in"))(d.x, d.labels, d.y, d.other_labels)
            .equal(F::sup_con_loss(d.x, d.labels, d.y, d.other_labels, idcl::SupConLossOptions().form("in"))));
  idcl::ClipLoss clip;
  CHECK(clip(d.x, d.y).equal(F::clip_loss(d.x, d.y, clip->logit_scale())));
  CHECK(clip(d.x, d.y, at::scalar_tensor(3.0f, at::kFloat)).equal(F::clip_loss(d.x, d.y, 3.0)));
}

TEST_CASE("modules stand in AnyModule and Sequential") {
  const Data d;
  CHECK(torch::nn::AnyModule(idcl::IDCLLoss()).forward(d.a, d.b).equal(F::idcl_pair_loss(d.a, d.b)));
  CHECK(torch::nn::AnyModule(idcl::IDCLLoss()).forward(d.a, d.b, d.mask).equal(F::idcl_pair_loss(d.a, d.b, d.mask)));
  CHECK(torch::nn::AnyModule(idcl::InfoNCELoss()).forward(d.x, d.y).equal(F::info_nce_loss(d.x, d.y)));
  CHECK(torch::nn::AnyModule(idcl::SupConLoss()).forward(d.x, d.labels).equal(F::sup_con_loss(d.x, d.labels)));
  CHECK(torch::nn::AnyModule(idcl::SupConLoss())
            .forward(d.x, d.labels, d.y, d.other_labels)
            .equal(F::sup_con_loss(d.x, d.labels, d.y, d.other_labels)));
  idcl::ClipLoss clip;
  CHECK(torch::nn::AnyModule(clip).forward(d.x, d.y).equal(clip(d.x, d.y)));
  torch::nn::Sequential chain{idcl::IDCLLoss(), torch::nn::Identity()};
  CHECK(chain->forward(d.a, d.b).equal(F::idcl_pair_loss(d.a, d.b)));
}

TEST_CASE("modules print their options") {
  CHECK(printed(idcl::IDCLLoss()) ==
        "idcl::IDCLLoss(num_neighbors=15, temperature=0.1, epsilon=0, form=in, denominator=others, reduction=mean)");
  CHECK(printed(idcl::IDCLLoss(idcl::IDCLLossOptions::official().reduction(torch::kNone))).find("epsilon=1e-08") != std::string::npos);
  CHECK(printed(idcl::InfoNCELoss(idcl::InfoNCELossOptions().symmetric(true).reduction(torch::kSum))) ==
        "idcl::InfoNCELoss(temperature=0.07, normalize=true, symmetric=true, in_batch_negatives=false, reduction=sum)");
  CHECK(printed(idcl::SupConLoss(idcl::SupConLossOptions().form("in"))) == "idcl::SupConLoss(temperature=0.1, form=in, reduction=mean)");
  CHECK(printed(idcl::ClipLoss(idcl::ClipLossOptions().initial_scale(20).learn_scale(false).reduction(torch::kNone))) ==
        "idcl::ClipLoss(normalize=true, initial_scale=20, max_scale=100, learn_scale=false, reduction=none)");
}

TEST_CASE("clones are deep and keep their options") {
  const Data d;
  idcl::ClipLoss clip(idcl::ClipLossOptions().initial_scale(7).normalize(false));
  const auto copy = std::dynamic_pointer_cast<idcl::ClipLossImpl>(clip->clone());
  REQUIRE(copy);
  CHECK(copy->forward(d.x, d.y).equal(clip(d.x, d.y)));
  {
    const at::NoGradGuard no_grad;
    copy->parameters()[0].fill_(std::log(3.0));
  }
  check_close("the clone's scale", copy->logit_scale(), at::scalar_tensor(3.0), {1e-6, 0});
  check_close("the original's scale", clip->logit_scale(), at::scalar_tensor(7.0), {1e-6, 0});
  idcl::IDCLLoss loss(idcl::IDCLLossOptions().num_neighbors(2));
  const auto same = std::dynamic_pointer_cast<idcl::IDCLLossImpl>(loss->clone());
  REQUIRE(same);
  CHECK(same->options.num_neighbors() == 2);
}

TEST_CASE("the scale of ClipLoss learns, is clamped and comes back") {
  const Data d;
  idcl::ClipLoss clip(idcl::ClipLossOptions().initial_scale(10).max_scale(20));
  REQUIRE(clip->parameters().size() == 1);
  check_close("initial scale", clip->logit_scale(), at::scalar_tensor(10.0), {1e-6, 0});
  clip(d.x, d.y).backward();
  CHECK(largest(clip->parameters()[0].grad()) > 0);  // random pairs: a smaller scale costs less
  CHECK(clip->parameters()[0].grad().item<double>() > 0);

  {
    const at::NoGradGuard no_grad;
    clip->parameters()[0].fill_(std::log(50.0));
  }
  clip->zero_grad();
  const auto loss = clip(d.x, d.y);
  check_close("clamped scale", clip->logit_scale(), at::scalar_tensor(20.0), {1e-6, 0});
  check_close("the loss at the clamped scale", loss, F::clip_loss(d.x, d.y, 20.0), {1e-5, 0});
  loss.backward();
  CHECK(clip->parameters()[0].grad().item<double>() > 0);  // at the clamp the way back is open
}

TEST_CASE("ClipLoss is called several times before one backward") {
  const Data d;
  idcl::ClipLoss clip(idcl::ClipLossOptions().initial_scale(500));  // above the clamp at first
  const auto first = clip(d.x, d.y), second = clip(d.y.roll(1, 0), d.x);
  const auto slope = [&](const at::Tensor& loss) { return torch::autograd::grad({loss}, {clip->log_scale}, {}, /*retain_graph=*/true)[0]; };
  const auto apart = slope(first) + slope(second);
  (first + second).backward();
  check_close("slope of the scale", clip->log_scale.grad(), apart, {1e-5, 0});
}

TEST_CASE("a scale that does not learn is a buffer") {
  idcl::ClipLoss clip(idcl::ClipLossOptions().learn_scale(false));
  CHECK(clip->parameters().empty());
  REQUIRE(clip->buffers().size() == 1);
  CHECK_FALSE(clip->logit_scale().requires_grad());
}

TEST_CASE("a learned scale survives saving") {
  for (const bool learn : {true, false}) {
    idcl::ClipLoss saved(idcl::ClipLossOptions().initial_scale(33).learn_scale(learn)), loaded(idcl::ClipLossOptions().learn_scale(learn));
    std::stringstream stream;
    torch::save(saved, stream);
    torch::load(loaded, stream);
    check_close("loaded scale", loaded->logit_scale(), at::scalar_tensor(33.0), {1e-6, 0});
  }
}

TEST_CASE("under autocast products are bfloat16 where the processor multiplies it, losses and gradients float32") {
  auto batch = random_batch(90, 32, 6, at::kFloat);
  for (auto* rows : {&batch.x, &batch.y}) *rows = *rows / rows->norm(2, {1}, true);  // for the losses that do not
  for (const auto& subject : subjects()) {
    for (const auto& setting : {dense(), streaming(16), streaming()}) {
      std::ostringstream name;
      name << subject.name << ", autocast, " << setting;
      INFO(name.str());
      const auto leaves = as_leaves({batch.x, batch.y});
      const auto plain = subject.loss(batch, {setting, torch::kNone});
      const auto rows = [&] {
        const Autocast autocast(at::kBFloat16);
        return subject.loss({leaves[0], leaves[1], batch.x_labels, batch.y_labels}, {setting, torch::kNone});
      }();
      CHECK(rows.scalar_type() == at::kFloat);
      check_close(name.str(), rows.mean().item<double>(), plain.mean().item<double>(), {2e-2, 0});
      CHECK((largest(rows - plain) > 1e-3) == idcl::simd::multiplies_bfloat16());  // then the products were rounded
      const auto slopes = gradient([&](const Inputs&) { return rows.mean(); }, leaves);
      const auto exact = gradient(
          [&](const Inputs& in) { return subject.loss({in[0], in[1], batch.x_labels, batch.y_labels}, {setting, torch::kNone}).mean(); },
          as_leaves({batch.x, batch.y}));
      for (std::size_t i = 0; i < slopes.size(); ++i) {
        CHECK(slopes[i].scalar_type() == at::kFloat);
        check_close(name.str() + ", gradient", slopes[i], exact[i], {5e-2, 1e-6});
      }
    }
  }
}

TEST_CASE("autocast does not choose other neighbours") {
  const auto batch = random_batch(90, 32, 7, at::kFloat);
  for (const auto& setting : {dense(), streaming(16)}) {
    const auto options = with(idcl::IDCLLossOptions().num_neighbors(1).temperature(1).reduction(torch::kNone), setting, at::kFloat);
    const auto plain = F::idcl_loss(batch.y, batch.x, options), plain_pair = F::idcl_pair_loss(batch.x, batch.y, options);
    const Autocast autocast(at::kBFloat16);
    CHECK(largest(F::idcl_loss(batch.y, batch.x, options) - plain) < 1e-2);  // another neighbour is off by a tenth and more
    CHECK(largest(F::idcl_pair_loss(batch.x, batch.y, options) - plain_pair) < 1e-2);
  }
}

TEST_CASE("losses without a graph: no-grad and inference mode, before and after training") {
  const auto batch = random_batch(40, 6, 8, at::kFloat);
  for (const auto& subject : subjects()) {
    for (const auto& setting : {dense(), streaming(8), streaming()}) {
      std::ostringstream name;
      name << subject.name << ", " << setting;
      INFO(name.str());
      const auto leaves = as_leaves({batch.x, batch.y});
      const Batch learning{leaves[0], leaves[1], batch.x_labels, batch.y_labels};
      idcl::release_workspace();  // the first call below makes the workspace
      const auto inferred = [&] {
        const c10::InferenceMode inference;
        return subject.loss(learning, {setting}).item<double>();
      }();
      const auto trained = subject.loss(learning, {setting});
      CHECK(trained.requires_grad());
      CHECK(trained.item<double>() == inferred);
      trained.backward();
      const auto slopes = [&] {
        return slope_of([&](const Inputs& in) { return subject.loss({in[0], in[1], batch.x_labels, batch.y_labels}, {setting}); },
                        {batch.x, batch.y});
      };
      CHECK(largest(gradient(slopes(), as_leaves({batch.x, batch.y}))[0]) > 0);
      const auto without = [&] {
        const at::NoGradGuard no_grad;
        return subject.loss(learning, {setting});
      }();
      CHECK_FALSE(without.requires_grad());
      CHECK(without.item<double>() == inferred);
      const c10::InferenceMode inference;
      CHECK(subject.loss({batch.x.clone(), batch.y.clone(), batch.x_labels, batch.y_labels}, {setting}).item<double>() == inferred);
    }
  }
}
