#include "support/catch.hpp"

#include "golden.hpp"
#include "train/adam.hpp"

using namespace merc;

namespace {

void require_equal(const std::string& what, double actual, double expected) {
  INFO(what);
  REQUIRE(actual == Approx(expected).epsilon(1e-6).margin(1e-9));
}

}  // namespace

TEST_CASE("training follows the released trainer step by step", "[trajectory]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto description = golden::description();
  const auto& config = description.at("config");
  REQUIRE_FALSE(description.at("trajectories").empty());
  for (const auto& [name, stage] : description.at("trajectories").items()) {
    const bool pretraining = !stage.at("use_ce").get<bool>();
    auto network = golden::network(pretraining ? "pretrain_initial.pth" : "official_small.pth", at::kDouble);
    const auto batch = golden::batch(all, pretraining ? "pretrain_input." : "input.", Pooling::Padded, at::kDouble);
    const Objective objective{.cross_entropy = pretraining ? 0. : 1.,
                              .idcl_weight = config.at("idcl_weight"),
                              .num_neighbors = stage.at("K"),
                              .temperature = stage.at("tau"),
                              .pooling = Pooling::Padded,
                              .arithmetic = Arithmetic::Official,
                              .limit_neighbors = false};
    Adam adam(*network, config.at("weight_decay"));
    auto dropout = merc::Dropout::none();
    auto bank = MemoryBank::none();

    for (size_t step = 0; step < stage.at("steps").get<size_t>(); ++step) {
      const auto terms = accumulate(*network, batch, objective, bank, dropout);
      const double norm = adam.step(stage.at("lr"), stage.at("clip"));
      const auto where = name + " step " + std::to_string(step);
      require_equal(where + " total", terms.loss, stage.at("total").at(step));
      require_equal(where + " idcl", terms.idcl, stage.at("idcl").at(step));
      if (!pretraining) require_equal(where + " nll", terms.cross_entropy, stage.at("nll").at(step));
      require_equal(where + " grad_norm", norm, stage.at("grad_norm").at(step));
    }
    const at::NoGradGuard no_grad;
    const auto encoded = network->encode(batch, dropout);
    if (pretraining) {
      golden::require_close(name, golden::unflatten(encoded[0], batch.layout), all[name + ".final_text_feat"], 1e-6, 1e-8);
      golden::require_close(name, golden::unflatten(encoded[1], batch.layout), all[name + ".final_audio_feat"], 1e-6, 1e-8);
    } else {
      golden::require_close(name, golden::unflatten(at::log_softmax(network->logits(encoded), 1), batch.layout),
                            all[name + ".final_log_prob"], 1e-6, 1e-8);
    }
  }
}

TEST_CASE("pre-trained weights go over by name and shape, with a list of what did and what did not", "[transfer]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto description = golden::description();
  const auto& config = description.at("config");
  auto network = golden::network("official_small.pth", at::kFloat);
  const auto result = transfer(*network, read_weights(golden::folder() / "pretrained_small.pth"));

  const auto sorted = [](std::vector<std::string> names) { return std::sort(names.begin(), names.end()), names; };
  CHECK(sorted(result.loaded) == sorted(description.at("transfer").at("loaded")));
  std::vector<std::string> skipped;
  for (const auto& line : result.skipped) skipped.push_back(line.substr(0, line.find(':')));
  CHECK(sorted(skipped) == sorted(description.at("transfer").at("skipped")));

  network->to(at::kDouble);
  const at::NoGradGuard no_grad;
  auto dropout = merc::Dropout::none();
  const auto batch = golden::batch(all, "input.", Pooling::Padded, at::kDouble);
  const auto encoded = network->encode(batch, dropout);
  const auto logits = network->logits(encoded);
  golden::require_close("log_prob", golden::unflatten(at::log_softmax(logits, 1), batch.layout), all["transfer.log_prob"], 1e-10, 1e-12);
  const std::vector<Tensor> pooled{pool(encoded[0], batch.layout, Pooling::Padded), pool(encoded[1], batch.layout, Pooling::Padded)};
  const auto idcl = contrast(
      pooled, MemoryBank::none(),
      {.num_neighbors = config.at("K"), .temperature = config.at("tau"), .arithmetic = Arithmetic::Official, .limit_neighbors = false});
  const double total =
      cross_entropy(logits, batch.labels, {}).item<double>() + config.at("idcl_weight").get<double>() * idcl.item<double>();
  CHECK(total == Approx(all["transfer.total"].item<double>()).epsilon(1e-10));
}

TEST_CASE("weights of which nothing fits are refused", "[transfer]") {
  auto options = golden::network("official_small.pth", at::kFloat)->options;
  options.architecture.hidden *= 2;
  options.classes += 1;
  for (auto& [modality, width] : options.widths) ++width;
  Network wider(options);
  CHECK_THROWS_WITH(transfer(*wider, golden::tensors("official_small_plain.pt")),
                    Catch::Matchers::Contains("no pre-trained weight agrees with the network in name and shape"));
}
