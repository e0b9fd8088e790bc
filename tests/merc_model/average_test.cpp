#include "support/catch.hpp"

#include "tiny.hpp"
#include "train/average.hpp"
#include "train/classifier.hpp"

#include <ATen/Functions.h>

#include <cmath>

using namespace merc;

namespace {

Network small_network() {
  Network network(NetworkOptions{.architecture = {.modalities = {"text"}, .hidden = 4, .heads = 2}, .widths = {{"text", 3}}, .classes = 2});
  initialize(*network, 5);
  return network;
}

/// What an optimiser might do.
void step(Network& network, int64_t number) {
  const at::NoGradGuard no_grad;
  for (auto& parameter : network->parameters()) parameter.add_(at::randn_like(parameter), 1 / static_cast<double>(number));
}

std::vector<double> losses(const Outcome& outcome) {
  std::vector<double> values;
  for (const auto& record : outcome.history) values.push_back(record.loss);
  return values;
}

}  // namespace

TEST_CASE("the average weighs the weights of step s by decay^(t-s), the random start by nothing", "[average]") {
  auto network = small_network();
  const double decay = 0.7;
  Average average(network, decay);
  std::vector<StateDict> seen;
  for (int64_t t = 1; t <= 6; ++t) {
    step(network, t);
    average.update();
    seen.push_back(snapshot(state_dict(*network)));
    for (const auto& entry : state_dict(*average.network())) {
      auto expected = at::zeros_like(entry.value(), at::kDouble);
      double total = 0;
      for (size_t s = 0; s < seen.size(); ++s) {
        const double weight = std::pow(decay, static_cast<double>(seen.size() - 1 - s));
        expected += weight * seen[s][entry.key()].to(at::kDouble);
        total += weight;
      }
      INFO(t << " " << entry.key());
      CHECK(at::allclose(entry.value().detach().to(at::kDouble), expected / total, 1e-5, 1e-6));
      if (t == 1) CHECK(entry.value().detach().equal(seen[0][entry.key()]));
    }
  }
}

TEST_CASE("an average goes on from its state to the same bits", "[average][resume]") {
  auto network = small_network();
  Average straight(network, 0.9), resumed(network, 0.9);
  step(network, 1);
  straight.update();
  const auto saved = snapshot(straight.state());
  step(network, 2);
  straight.update();
  resumed.restore(saved);
  resumed.update();
  for (const auto& entry : state_dict(*straight.network())) CHECK(entry.value().equal(state_dict(*resumed.network())[entry.key()]));
}

TEST_CASE("without a decay the average is the network itself and has no state", "[average]") {
  auto network = small_network();
  Average none(network, 0);
  step(network, 1);
  none.update();
  CHECK(none.network().get() == network.get());
  CHECK(none.state().is_empty());
}

TEST_CASE("what is evaluated and saved is the average, what is trained is not", "[average][train]") {
  const auto data = tiny::corpus();
  auto config = tiny::config(Ablation::B);
  config.selection = Selection::Last;
  tiny::Listener listener;
  const tiny::Folder raw_folder("raw"), folder("average");
  const auto raw = tiny::run(data, config, listener, {.folder = raw_folder.path()});
  config.finetune.ema = 0.8;
  const auto averaged = tiny::run(data, config, listener, {.folder = folder.path()});
  CHECK(losses(raw) == losses(averaged));  // the steps are the same
  CHECK(raw.history.front().dev->loss != averaged.history.front().dev->loss);
  CHECK(raw.predictions.at("test").probabilities != averaged.predictions.at("test").probabilities);
  CHECK(averaged.history.back().test->loss == averaged.predictions.at("test").loss);
  CHECK(Classifier::from_run(folder.path()).predict(data, "test").probabilities == averaged.predictions.at("test").probabilities);
}

TEST_CASE("stage 2 begins with the average of stage 1", "[average][train]") {
  const auto data = tiny::corpus();
  auto config = tiny::config(Ablation::C);
  tiny::Listener listener;
  const auto raw = tiny::run(data, config, listener);
  config.pretrain.ema = 0.8;
  const auto averaged = tiny::run(data, config, listener);
  const auto first = static_cast<size_t>(config.pretrain.epochs);
  CHECK(losses(raw)[first - 1] == losses(averaged)[first - 1]);
  CHECK(losses(raw)[first] != losses(averaged)[first]);
}
