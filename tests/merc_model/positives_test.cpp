// Training with positives by trajectory: labels of the training split alone, exact resume, what there is to say.

#include "support/catch.hpp"

#include "tiny.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

using namespace merc;
using Catch::Matchers::Contains;

namespace {

Config by_trajectory(Ablation ablation) {
  auto config = tiny::config(ablation);
  config.pretrain.positives = "trajectory:edit_distance";
  config.pretrain.exclude_near = 0.3;
  config.finetune.positives = "trajectory";
  config.finetune.weights = Weights::Soft;
  return config;
}

/// What was minimised in each epoch.
std::vector<std::array<double, 3>> minimised(const std::vector<EpochRecord>& history) {
  std::vector<std::array<double, 3>> values;
  for (const auto& record : history) values.push_back({record.loss, record.idcl, record.gradient_norm});
  return values;
}

void shift_labels(Corpus& corpus, const std::string& split) {
  for (auto& dialog : corpus.splits[split].dialogs)
    for (std::size_t u = 0; u < dialog.labels.size(); ++u) dialog.labels[u] = static_cast<int>((dialog.labels[u] + u) % corpus.classes);
}

}  // namespace

TEST_CASE("no number of training depends on a label of dev or test, in either stage", "[positives][leak]") {
  auto config = by_trajectory(Ablation::C);
  config.pretrain_splits = PretrainSplits::All;
  config.selection = Selection::Last;
  const auto values = [&](const Corpus& data, const Corpus& pretrain) {
    tiny::Listener listener;
    return minimised(train(data, std::cref(pretrain), config, listener).history);
  };
  const auto data = tiny::corpus(), pretrain = tiny::other_corpus();
  const auto expected = values(data, pretrain);
  for (const auto* split : {"dev", "test"}) {
    auto other_data = data, other_pretrain = pretrain;
    shift_labels(other_data, split);
    shift_labels(other_pretrain, split);
    CHECK(values(other_data, other_pretrain) == expected);
  }
  auto other = pretrain;  // what is trained by does show
  shift_labels(other, "train");
  CHECK(values(data, other) != expected);
}

TEST_CASE("with every kind of positives a run trains, and stopped and resumed ends with the same bits", "[positives][resume]") {
  const auto data = tiny::corpus();
  const auto without_times = [](std::vector<EpochRecord> records) {
    for (auto& record : records) record.seconds = 0;
    return nlohmann::json(records).dump();
  };
  std::vector<std::string> seen;
  for (const auto& [positives, weights, exclude_near] : {std::tuple{"random", Weights::Hard, 0.},
                                                         {"feature", Weights::Hard, 0.4},
                                                         {"trajectory", Weights::Hard, 0.3},
                                                         {"trajectory:dtw", Weights::Soft, 0.}}) {
    INFO(positives);
    auto config = tiny::config(Ablation::B);
    config.finetune.positives = positives;
    config.finetune.weights = weights;
    config.finetune.exclude_near = exclude_near;
    tiny::Listener straight, before, after;
    const auto expected = tiny::run(data, config, straight);
    CHECK(std::isfinite(expected.history.back().idcl));
    CHECK(expected.history.back().idcl > 0);
    const tiny::Folder folder("positives");
    const Run stopping{.folder = folder.path(), .resume = true, .stop = [asked = 0]() mutable { return ++asked == 3; }};
    REQUIRE(tiny::run(data, config, before, stopping).interrupted);
    CHECK(std::filesystem::exists(folder.path() / "distances.finetune.bin") == (std::string(positives) != "random"));
    const auto resumed = tiny::run(data, config, after, {.folder = folder.path(), .resume = true});
    CHECK(without_times(resumed.history) == without_times(expected.history));
    CHECK(resumed.predictions.at("test").probabilities == expected.predictions.at("test").probabilities);
    seen.push_back(without_times(expected.history));
  }
  std::ranges::sort(seen);
  CHECK(std::unique(seen.begin(), seen.end()) == seen.end());  // they are not the same training
}

TEST_CASE("stage 1 takes labels where it is told to", "[positives]") {
  const tiny::Folder folder("stages");
  tiny::Listener listener;
  tiny::run(tiny::corpus(), by_trajectory(Ablation::C), listener, {.folder = folder.path()});
  CHECK(listener.said("pretrain: positives by edit_distance (over the longer length) of the labels of 14 training dialogs"));
  CHECK(listener.said("finetune: positives by segment_histogram (4 segments, Hellinger) of the labels of 12 training dialogs"));
  CHECK(std::filesystem::exists(folder.path() / "distances.pretrain.bin"));
  CHECK(std::filesystem::exists(folder.path() / "distances.finetune.bin"));

  tiny::Listener none;
  auto config = by_trajectory(Ablation::A);
  const tiny::Folder bare("bare");
  tiny::run(tiny::corpus(), config, none, {.folder = bare.path()});
  CHECK_FALSE(none.said("positives by"));
  CHECK_FALSE(std::filesystem::exists(bare.path() / "distances.finetune.bin"));
}

TEST_CASE("positives that make no sense are named", "[positives]") {
  const auto refused = [](const char* text) { return [text] { check(nlohmann::json::parse(text).get<Config>()); }; };
  CHECK_THROWS_WITH(refused(R"({"finetune": {"positives": "labels"}})")(),
                    Contains("`finetune.positives` to be one of feature, random, trajectory, trajectory:MEASURE, but got \"labels\""));
  CHECK_THROWS_WITH(refused(R"({"pretrain": {"positives": "trajectory:frechet"}})")(), Contains("no trajectory measure named \"frechet\""));
  CHECK_THROWS_WITH(refused(R"({"finetune": {"weights": "soft", "positives": "random"}})")(),
                    Contains("`finetune.weights` soft weigh positives by their trajectory; take positives trajectory, not random"));
  CHECK_THROWS_WITH(refused(R"({"arithmetic": "official", "finetune": {"weights": "soft", "positives": "trajectory"}})")(),
                    Contains("soft weights average logarithms, for which the released code has no arithmetic"));
  CHECK_THROWS_WITH(refused(R"({"finetune": {"exclude_near": -0.5}})")(),
                    Contains("`finetune.exclude_near` to be finite and not negative"));
  CHECK_THROWS_WITH(refused(R"({"finetune": {"sigma": 0}})")(), Contains("`finetune.sigma` to be finite and positive"));
}
