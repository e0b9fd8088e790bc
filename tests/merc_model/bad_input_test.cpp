#include "support/catch.hpp"

#include "model/archive.hpp"
#include "model/weights.hpp"
#include "tiny.hpp"
#include "train/classifier.hpp"

#include <functional>
#include <string>

using namespace merc;
using Catch::Matchers::Equals;

namespace {

/// Trains on a corpus in which something was spoiled; returns what the trainer says of it.
std::string refusal(const std::function<void(Corpus&, Config&)>& spoil, Ablation ablation = Ablation::B) {
  auto data = tiny::corpus();
  auto config = tiny::config(ablation);
  spoil(data, config);
  tiny::Listener listener;
  try {
    tiny::run(data, config, listener);
  } catch (const DataError& error) {
    return std::string("data: ") + error.what();
  } catch (const UsageError& error) {
    return std::string("usage: ") + error.what();
  }
  return "accepted";
}

Dialog& first(Corpus& corpus, const char* split) { return corpus.splits[split].dialogs.front(); }

}  // namespace

TEST_CASE("data that cannot be trained on is refused by dialog and reason", "[bad-input]") {
  CHECK(refusal([](Corpus& c, Config&) { c.splits.erase("train"); }) == "data: tiny: no split named \"train\"");
  CHECK(refusal([](Corpus& c, Config&) { c.splits["train"].dialogs.clear(); }) == "data: tiny: the train split is empty");
  CHECK(refusal([](Corpus& c, Config&) { c.splits.erase("dev"); }) ==
        "data: tiny: no dev split to select an epoch on; give one, or take --select last");
  CHECK(refusal([](Corpus& c, Config& o) { c.splits.erase("dev"), o.selection = Selection::Last; }) == "accepted");
  const auto unlabel = [](Corpus& c, const std::string& split) {
    for (auto& dialog : c.splits[split].dialogs) std::fill(dialog.labels.begin(), dialog.labels.end(), -1);
  };
  CHECK(refusal([&](Corpus& c, Config&) { unlabel(c, "train"); }) == "data: tiny: no utterance of train has a label to learn from");
  CHECK(refusal([&](Corpus& c, Config&) { unlabel(c, "dev"); }) ==
        "data: tiny: no utterance of dev has a label to select an epoch on; take --select last");
  CHECK(refusal([&](Corpus& c, Config& o) { unlabel(c, "dev"), o.selection = Selection::Last; }) == "accepted");
  CHECK(refusal([&](Corpus& c, Config&) { unlabel(c, "test"); }) == "accepted");
  CHECK(refusal([](Corpus& c, Config&) { c.splits.erase("test"); }) == "accepted");
  CHECK(refusal([](Corpus& c, Config& o) { c.splits.erase("test"), o.selection = Selection::TestWeightedF1; }) ==
        "data: tiny: no test split to select an epoch on");
  CHECK(refusal([](Corpus& c, Config&) { first(c, "dev").labels.clear(); }) ==
        "data: tiny: dialog dev0 (dev) has no utterances; remove it from the data");
  CHECK(refusal([](Corpus& c, Config&) { first(c, "train").labels[1] = 3; }) ==
        "data: tiny: dialog train0 (train), utterance 1: label 3 is out of range; the corpus has 3 classes, 0 to 2, and -1 for none");
  CHECK(refusal([](Corpus& c, Config&) { first(c, "test").labels[0] = -2; }) ==
        "data: tiny: dialog test0 (test), utterance 0: label -2 is out of range; the corpus has 3 classes, 0 to 2, and -1 for none");
  CHECK(refusal([](Corpus& c, Config& o) { c.classes = 3, o.model.modalities = {"text", "visual"}; }) ==
        "data: tiny: no modality `visual`; it has audio, text (choose by --modalities)");
  CHECK(refusal([](Corpus& c, Config&) { first(c, "train").features.erase("audio"); }) ==
        "data: tiny: dialog train0 (train) has no `audio`");
  CHECK(refusal([](Corpus& c, Config&) { first(c, "train").labels.push_back(0); }) ==
        "data: tiny: dialog train0 (train): `text` has 3 rows for 4 utterances");
  CHECK(refusal([](Corpus& c, Config&) { c.modalities["text"].dim = 7; }) ==
        "data: tiny: dialog train0 (train): `text` has 6 columns, the corpus has 7");
  CHECK(refusal([](Corpus& c, Config&) {
          std::mt19937 random(1);
          c.splits["train"].dialogs.push_back(tiny::dialog("endless", 513, {}, random));
        }) == "data: tiny: dialog endless (train) has 513 utterances, the table of positions has 512; split the dialog");
}

TEST_CASE("a request that cannot be met is refused by its name", "[bad-input]") {
  CHECK(refusal([](Corpus&, Config& o) { o.device = "cuda:7"; }) ==
        "usage: config: `device` is cuda:7, but this LibTorch sees no CUDA device; take --device cpu");
  CHECK(refusal([](Corpus&, Config& o) { o.device = "gpu"; }) ==
        "usage: config: expected `device` to be cpu, cuda or cuda:N, but got \"gpu\"");
  CHECK(refusal([](Corpus&, Config& o) { o.device = "meta"; }) ==
        "usage: config: expected `device` to be cpu, cuda or cuda:N, but got \"meta\"");
  CHECK(refusal([](Corpus&, Config& o) { o.finetune.temperature = 0; }) ==
        "usage: config: expected `finetune.temperature` to be finite and positive, but got 0.0");
  const auto data = tiny::corpus();
  tiny::Listener listener;
  CHECK_THROWS_WITH(train(data, std::nullopt, tiny::config(Ablation::C), listener),
                    Equals("config: ablation C pre-trains on another corpus, and none was given"));
}

TEST_CASE("a loss that is not finite ends the run with a reason", "[bad-input]") {
  const auto said = refusal([](Corpus&, Config& o) { o.finetune.learning_rate = 1e30, o.finetune.clip = 0; }, Ablation::A);
  CHECK(said.find("data: finetune, epoch ") == 0);
  CHECK(said.find("the loss is not finite; lower the learning rate") != std::string::npos);
}

TEST_CASE("weights and corpora that do not fit are refused by the width that differs", "[bad-input]") {
  const auto data = tiny::corpus(), other = tiny::other_corpus();
  const tiny::Folder folder("misfit");
  tiny::Listener listener;
  tiny::run(data, tiny::config(Ablation::B), listener, {.folder = folder.path()});
  const auto classifier = Classifier::from_run(folder.path());
  auto wider = data;
  wider.modalities["audio"].dim = 9;
  CHECK_THROWS_WITH(classifier.predict(wider, "test"), Equals("tiny: `audio` has 9 columns, the weights expect 4"));
  wider = data;
  wider.modalities.erase("text");
  CHECK_THROWS_WITH(classifier.predict(wider, "test"), Equals("tiny: no modality `text`, which the weights expect; it has audio"));
  wider = data;
  wider.classes = 5;
  CHECK_THROWS_WITH(classifier.predict(wider, "test"), Equals("tiny: 5 classes, the weights know 3"));
  CHECK_THROWS_WITH(classifier.predict(data, "validation"), Equals("tiny: no split named \"validation\""));
}

TEST_CASE("weights that are none are refused by name", "[bad-input]") {
  const tiny::Folder folder("no-weights");
  CHECK_THROWS_AS(Classifier::from_run(folder.path()), DataError);
  CHECK_THROWS_WITH(Classifier::from_run(folder.path()), Equals((folder.path() / "config.json").string() +
                                                                ": cannot be opened; expected the folder of a finished idcl-merc train"));
  CHECK_THROWS_AS(Classifier::from_weights(folder.path() / "none.pth", Config{}), DataError);
  tiny::Listener listener;
  tiny::run(tiny::corpus(), tiny::config(Ablation::A), listener, {.folder = folder.path()});
  // as a trainer of others leaves them, without a configuration: what shapes cannot tell is what it is told
  const auto weights = folder.path() / "foreign.pth";
  c10::Dict<std::string, at::Tensor> tensors;
  for (const auto& entry : read_weights(folder.path() / "best.pt")) tensors.insert(entry.key(), entry.value());
  write_archive(weights, tensors);
  auto config = Config{};
  config.model.heads = 5;
  CHECK_THROWS_WITH(Classifier::from_weights(weights, config),
                    Equals(weights.string() + ": 5 heads do not divide the hidden size 16; give the heads of the training"));
}
