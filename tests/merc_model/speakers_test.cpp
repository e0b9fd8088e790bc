// A learnt vector a speaker: what it adds, whom it knows, that weights carry the names.

#include "support/catch.hpp"

#include "model/weights.hpp"
#include "tiny.hpp"
#include "train/classifier.hpp"

#include <ATen/Functions.h>

#include <algorithm>

using namespace merc;
using Catch::Matchers::Contains;

namespace {

/// A network of one modality; every parameter drawn, the speakers' too.
Network network_of(Backbone backbone, int64_t width, const std::vector<std::string>& speakers = {}) {
  Network network(NetworkOptions{.architecture = {.modalities = {"text"},
                                                  .hidden = 6,
                                                  .heads = 2,
                                                  .layers = 2,
                                                  .dropout = 0,
                                                  .backbone = backbone,
                                                  .speaker_embedding = !speakers.empty()},
                                 .widths = {{"text", width}},
                                 .classes = 3,
                                 .speaker_names = speakers});
  initialize(*network, 5);
  return network;
}

Tensor parameter(Network& network, const std::string& name) { return network->named_parameters()[name]; }

Tensor encode(Network& network, const Tensor& features, const Tensor& speakers = {}) {
  const at::NoGradGuard no_grad;
  auto dropout = merc::Dropout::none();
  return network->encode({Layout::packed(std::vector<int64_t>{3, 2}), {features}, {}, {}, speakers}, dropout)[0];
}

}  // namespace

TEST_CASE("a speaker's vector is added to the projected features, in both backbones", "[speakers]") {
  for (const auto backbone : {Backbone::Transformer, Backbone::Gru}) {
    const at::NoGradGuard no_grad;
    auto network = network_of(backbone, 4, {"F", "M"});
    const auto features = at::randn({5, 4});
    const auto places = at::tensor({0, 1, 0, 2, 1}, at::kLong);  // the fourth is somebody else

    // Vectors begin at zero, so that an untrained one changes nothing.
    auto plain = network_of(backbone, 4);
    CHECK(encode(network, features, places).equal(encode(plain, features)));

    // The same as one-hot columns beside the features, the vectors being their columns of the projection.
    for (const auto* name : {"speakers.F", "speakers.M"}) parameter(network, name).normal_();
    auto wider = network_of(backbone, 6);
    for (auto& entry : network->named_parameters())
      if (auto* own = wider->named_parameters().find(entry.key()); own && own->sizes() == entry.value().sizes()) own->copy_(entry.value());
    const auto vectors = at::stack({parameter(network, "speakers.F"), parameter(network, "speakers.M")}, 1);  // [hidden, 2]
    parameter(wider, "textf_input.0.weight").squeeze(2).copy_(at::cat({parameter(network, "textf_input.0.weight").squeeze(2), vectors}, 1));
    const auto one_hot = at::one_hot(places, 3).narrow(1, 0, 2).to(at::kFloat);
    CHECK(at::allclose(encode(network, features, places), encode(wider, at::cat({features, one_hot}, 1)), 1e-5, 1e-6));
    CHECK_FALSE(at::allclose(encode(network, features, places), encode(plain, features), 1e-3, 1e-3));
  }
}

TEST_CASE("rows know their speaker's place; padding and strangers have none", "[speakers]") {
  std::mt19937 random(1);
  auto first = tiny::dialog("first", 3, {}, random), second = tiny::dialog("second", 2, {}, random);
  first.speakers = {"F", "M", "F"};
  second.speakers = {"", "stranger"};
  const std::vector<const Dialog*> dialogs{&first, &second};
  const auto places = [&](Pooling pooling) { return make_batch(dialogs, {}, pooling, {"F", "M"}).speakers; };
  CHECK(places(Pooling::Masked).equal(at::tensor({0, 1, 0, 2, 2}, at::kLong)));
  CHECK(places(Pooling::Padded).equal(at::tensor({0, 1, 0, 2, 2, 2}, at::kLong)));
  CHECK_FALSE(make_batch(dialogs, {}, Pooling::Masked).speakers.defined());
}

TEST_CASE("weights carry the names of their speakers through a file", "[speakers]") {
  const std::vector<std::string> names{"%2E", "100%", "Dr. Green", "F", "M"};
  for (const auto backbone : {Backbone::Transformer, Backbone::Gru}) {
    auto network = network_of(backbone, 4, names);
    const tiny::Folder folder("speakers");
    const auto file = folder.path() / "weights.pt";
    write_weights(file, state_dict(*network), Config{});
    const auto state = read_weights(file);
    const auto options = infer_options(state, {.heads = 2}, file.string());
    CHECK(options.speaker_names == names);
    CHECK(options.architecture.speaker_embedding);
    CHECK(options.architecture.backbone == backbone);
    Network again(options);
    CHECK_NOTHROW(load(*again, state, file.string()));
  }
}

TEST_CASE("a run with speakers trains their vectors, and its weights are asked again", "[speakers][train]") {
  const auto data = tiny::corpus();
  for (const auto backbone : {Backbone::Transformer, Backbone::Gru}) {
    auto config = tiny::config(Ablation::C);
    config.model.backbone = backbone;
    config.model.speaker_embedding = true;
    const tiny::Folder folder("speakers");
    tiny::Listener listener;
    const auto outcome = tiny::run(data, config, listener, {.folder = folder.path()});
    const auto state = read_weights(folder.path() / "best.pt");
    for (const auto* name : {"speakers.F", "speakers.M"}) {
      CHECK(state[name].abs().max().item<float>() > 0);
      CHECK(std::ranges::find(outcome.transfer->loaded, name) != outcome.transfer->loaded.end());
    }
    const auto run = Classifier::from_run(folder.path());
    CHECK(run.predict(data, "test").probabilities == outcome.predictions.at("test").probabilities);
    auto hints = config;
    hints.model.speaker_embedding = false;  // the weights know better
    CHECK(Classifier::from_weights(folder.path() / "best.pt", hints).predict(data, "test").probabilities ==
          outcome.predictions.at("test").probabilities);
    auto swapped = data;
    for (auto& dialog : swapped.splits["test"].dialogs)
      for (auto& speaker : dialog.speakers) speaker = speaker == "F" ? "M" : "F";
    CHECK(run.predict(swapped, "test").probabilities != outcome.predictions.at("test").probabilities);
  }
}

TEST_CASE("data without speakers cannot have their vectors", "[speakers]") {
  auto data = tiny::corpus();
  for (auto& dialog : data.splits["train"].dialogs)
    for (auto& speaker : dialog.speakers) speaker.clear();
  auto config = tiny::config(Ablation::A);
  config.model.speaker_embedding = true;
  tiny::Listener listener;
  CHECK_THROWS_AS(tiny::run(data, config, listener), DataError);
  CHECK_THROWS_WITH(tiny::run(data, config, listener), Contains("no utterance has a speaker; leave out --speaker-embedding"));
}
