#include "support/catch.hpp"

#include "report/metrics.hpp"
#include "tiny.hpp"
#include "train/classifier.hpp"
#include "train/selection.hpp"

#include <algorithm>

using namespace merc;

namespace {

double weighted_f1(const Predictions& predictions) {
  return score(predictions.truth, predictions.predicted, predictions.classes).weighted_f1;
}

std::vector<double> losses(const std::vector<EpochRecord>& records) {
  std::vector<double> values;
  for (const auto& record : records) values.push_back(record.loss);
  return values;
}

}  // namespace

TEST_CASE("all three settings learn what the features say", "[train]") {
  const auto data = tiny::corpus();
  for (const auto ablation : {Ablation::A, Ablation::B, Ablation::C}) {
    auto config = tiny::config(ablation);
    config.finetune.epochs = 25;
    tiny::Listener listener;
    const auto outcome = tiny::run(data, config, listener);
    CHECK_FALSE(outcome.interrupted);
    CHECK(weighted_f1(outcome.predictions.at("test")) > 0.8);  // a majority class gives 0.2
    CHECK(outcome.transfer.has_value() == (ablation == Ablation::C));
    CHECK(listener.records.size() == outcome.history.size());
    CHECK(outcome.history.size() == static_cast<size_t>(25 + (ablation == Ablation::C ? config.pretrain.epochs : 0)));
    CHECK(listener.batches == 25 * 3 + (ablation == Ablation::C ? config.pretrain.epochs * 4 : 0));  // 12 and 14 + 4 dialogs in fives
    const auto& best = *std::ranges::find_if(
        outcome.history, [&](const auto& record) { return record.stage == "finetune" && record.epoch == outcome.best_epoch; });
    CHECK(best.best);
    CHECK(best.dev->weighted_f1 == weighted_f1(outcome.predictions.at("dev")));
    CHECK(best.test->weighted_f1 == weighted_f1(outcome.predictions.at("test")));
    for (const auto& record : outcome.history) {
      CHECK((record.idcl > 0) == (ablation != Ablation::A));
      CHECK((record.idcl_gradient_ratio > 0) == (ablation != Ablation::A && record.stage == "finetune"));
      if (record.stage != "finetune") continue;
      CHECK(record.test->weighted_f1 <= outcome.peak_test.weighted_f1);
      CHECK(record.dev->weighted_f1 <= best.dev->weighted_f1);
    }
  }
}

TEST_CASE("pre-training lowers the contrastive term", "[train]") {
  auto config = tiny::config(Ablation::C);
  config.pretrain.epochs = 40;
  config.pretrain.batch_size = 0;
  config.pretrain.memory_bank = 0;
  config.model.dropout = 0;
  tiny::Listener listener;
  tiny::run(tiny::corpus(), config, listener);
  CHECK(listener.records.at(39).idcl < 0.9 * listener.records.at(0).idcl);
}

TEST_CASE("a seed determines a run, another seed another", "[train]") {
  const auto data = tiny::corpus();
  auto config = tiny::config(Ablation::C);
  tiny::Listener one, same, other;
  const auto first = tiny::run(data, config, one), second = tiny::run(data, config, same);
  config.seed = 1;
  tiny::run(data, config, other);
  CHECK(losses(one.records) == losses(same.records));
  CHECK(first.predictions.at("test").probabilities == second.predictions.at("test").probabilities);
  CHECK(losses(one.records) != losses(other.records));
}

TEST_CASE("settings share their start, so that seeds are pairs", "[train]") {
  const auto data = tiny::corpus();
  auto config = tiny::config(Ablation::A);
  tiny::Listener a, b;
  tiny::run(data, config, a);
  config.ablation = Ablation::B;
  config.finetune.idcl_weight = 0;
  tiny::run(data, config, b);
  CHECK(losses(a.records) == losses(b.records));
}

TEST_CASE("the test set decides nothing", "[train]") {
  auto data = tiny::corpus();
  const auto config = tiny::config(Ablation::B);
  tiny::Listener honest, blind;
  const auto first = tiny::run(data, config, honest);
  for (auto& dialog : data.splits["test"].dialogs) std::ranges::fill(dialog.labels, 0);
  const auto second = tiny::run(data, config, blind);
  CHECK(losses(honest.records) == losses(blind.records));
  CHECK(first.best_epoch == second.best_epoch);
  CHECK(first.predictions.at("test").probabilities == second.predictions.at("test").probabilities);
}

TEST_CASE("utterances without a label count nowhere", "[train]") {
  auto data = tiny::corpus();
  for (auto& [name, split] : data.splits)
    for (auto& dialog : split.dialogs) dialog.labels.front() = -1;
  tiny::Listener listener;
  const auto outcome = tiny::run(data, tiny::config(Ablation::B), listener);
  const auto& test = outcome.predictions.at("test");
  CHECK(std::ranges::count(test.truth, -1) == 5);
  CHECK(score(test.truth, test.predicted, test.classes).utterances == static_cast<int64_t>(test.truth.size()) - 5);
}

TEST_CASE("patience ends a run that gets no better", "[train]") {
  auto config = tiny::config(Ablation::A);
  config.finetune.epochs = 200;
  config.patience = 5;
  tiny::Listener listener;
  const auto outcome = tiny::run(tiny::corpus(), config, listener);
  CHECK(outcome.history.size() < 200);
  CHECK(static_cast<int64_t>(outcome.history.size()) == outcome.best_epoch + 5);
  CHECK(listener.said("no better dev score for 5 epochs"));
}

TEST_CASE("the best epoch is the first of highest dev score, or a later one of lower loss", "[selection]") {
  const auto epoch = [](double f1, double loss, double test) {
    return EpochRecord{.dev = SplitScore{loss, 0, f1}, .test = SplitScore{0, 0, test}};
  };
  CHECK(is_better(epoch(0.6, 2, 0), epoch(0.5, 1, 1), Selection::DevWeightedF1));
  CHECK_FALSE(is_better(epoch(0.5, 1, 1), epoch(0.5, 1, 0), Selection::DevWeightedF1));
  CHECK(is_better(epoch(0.5, 0.9, 0), epoch(0.5, 1, 1), Selection::DevWeightedF1));
  CHECK_FALSE(is_better(epoch(0.4, 0.9, 1), epoch(0.5, 1, 0), Selection::DevWeightedF1));
  CHECK(is_better(epoch(0.4, 0.9, 0), epoch(0.5, 1, 1), Selection::DevLoss));
  CHECK(is_better(epoch(0.4, 2, 0.6), epoch(0.5, 1, 0.5), Selection::TestWeightedF1));
  CHECK(is_better(epoch(0.1, 9, 0), epoch(0.5, 1, 1), Selection::Last));
}

TEST_CASE("selecting on the test set is allowed, loudly", "[selection]") {
  auto config = tiny::config(Ablation::A);
  config.selection = Selection::TestWeightedF1;
  tiny::Listener listener;
  const auto outcome = tiny::run(tiny::corpus(), config, listener);
  CHECK(listener.said("DIAGNOSTIC: the epoch is selected on the test set"));
  CHECK(weighted_f1(outcome.predictions.at("test")) == outcome.peak_test.weighted_f1);
}

TEST_CASE("transfer says what went over and what did not", "[transfer]") {
  tiny::Listener listener;
  const auto outcome = tiny::run(tiny::corpus(), tiny::config(Ablation::C), listener);
  REQUIRE(outcome.transfer);
  const auto has = [](const std::vector<std::string>& list, const std::string& start) {
    return std::ranges::any_of(list, [&](const auto& line) { return line.starts_with(start); });
  };
  CHECK(has(outcome.transfer->loaded, "t_t.transformer_inter.0.self_attn.linear_q.weight"));
  CHECK(has(outcome.transfer->loaded, "a_a_gate.fc.weight"));
  CHECK(has(outcome.transfer->skipped, "textf_input.0.weight: [16, 5, 1] pre-trained, [16, 6, 1] here"));
  CHECK(has(outcome.transfer->skipped, "last_concat.fc.weight: not pre-trained"));
  CHECK(listener.said("skipped all_output_layer.bias: not pre-trained, [3] here"));

  auto config = Config::official();
  config.model.hidden = 16;
  config.model.heads = 2;
  config.pretrain.epochs = config.finetune.epochs = 1;
  const auto official = tiny::run(tiny::corpus(), config, listener);
  CHECK(has(official.transfer->loaded, "last_concat.fc.weight"));  // untrained as it is
}

TEST_CASE("a finished run can be asked again", "[classifier]") {
  const auto data = tiny::corpus();
  const tiny::Folder folder("classifier");
  tiny::Listener listener;
  const auto outcome = tiny::run(data, tiny::config(Ablation::B), listener, {.folder = folder.path()});
  const auto classifier = Classifier::from_run(folder.path());
  CHECK(classifier.classes() == data.classes);
  for (const auto* split : {"dev", "test"})
    CHECK(classifier.predict(data, split).probabilities == outcome.predictions.at(split).probabilities);

  const auto embeddings = classifier.embed(data, "test");
  for (const auto* name : {"text", "audio", "fused"}) {
    CHECK(embeddings.utterances.at(name).rows == data.test().utterances());
    CHECK(embeddings.dialogs.at(name).rows == static_cast<int64_t>(data.test().dialogs.size()));
    double mean = 0;
    const auto first = data.test().dialogs.front().utterances();
    for (int64_t u = 0; u < first; ++u) mean += embeddings.utterances.at(name).row(u)[0] / static_cast<double>(first);
    CHECK(embeddings.dialogs.at(name).row(0)[0] == Approx(mean).epsilon(1e-5));
  }
}
