#include "support/catch.hpp"

#include "golden.hpp"
#include "tiny.hpp"
#include "train/classifier.hpp"

using namespace merc;
using Catch::Matchers::Contains;

TEST_CASE("a file of weights carries its configuration, of either stage", "[classifier]") {
  const auto data = tiny::corpus();
  const tiny::Folder folder("weights");
  tiny::Listener listener;
  auto config = tiny::config(Ablation::C);
  config.model.heads = 4;  // which no shape tells
  config.model.fusion = Fusion::Nonlinear;
  const auto outcome = tiny::run(data, config, listener, {.folder = folder.path()});
  const auto best = folder.path() / "best.pt", first = folder.path() / "pretrained.pt", alone = folder.path() / "alone.pt";
  std::filesystem::copy(best, alone);
  REQUIRE(read_config(alone));
  CHECK(nlohmann::json(*read_config(alone)) == nlohmann::json(config));
  const auto classifier = Classifier::from_weights(alone);
  CHECK(classifier.predict(data, "test").probabilities == outcome.predictions.at("test").probabilities);
  CHECK_FALSE(read_config(golden::folder() / "official_small.pth"));

  const auto encoders = Classifier::from_weights(first);
  CHECK(encoders.classes() == 0);
  const auto embeddings = encoders.embed(tiny::other_corpus(), "train");
  CHECK(embeddings.utterances.size() == 2);
  CHECK(embeddings.dialogs.at("audio").cols == config.model.hidden);
  CHECK_THROWS_WITH(encoders.predict(tiny::other_corpus(), "train"), Contains(first.string() + ": holds encoders alone"));
}
