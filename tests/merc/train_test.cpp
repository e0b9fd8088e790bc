#include "program.hpp"
#include "report/metrics.hpp"
#include "support/catch.hpp"

#include <cmath>

namespace {

using namespace program;
using Catch::Matchers::Contains;
using merc::Scores;

struct Row {
  std::string vid, speaker;
  int utterance = 0, truth = 0, prediction = 0;
  std::vector<double> probabilities;
};

/// predictions.csv of ids that need no quotes.
std::vector<Row> rows(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Row> all;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    Row row;
    std::string field;
    std::getline(fields, row.vid, ',');
    std::getline(fields, field, ','), row.utterance = std::stoi(field);
    std::getline(fields, row.speaker, ',');
    std::getline(fields, field, ','), row.truth = std::stoi(field);
    std::getline(fields, field, ','), row.prediction = std::stoi(field);
    while (std::getline(fields, field, ',')) row.probabilities.push_back(std::stod(field));
    all.push_back(row);
  }
  return all;
}

void check_scores(const nlohmann::json& json, const Scores& scores) {
  CHECK(json["accuracy"].get<double>() == Approx(scores.accuracy).margin(1e-12));
  CHECK(json["weighted_f1"].get<double>() == Approx(scores.weighted_f1).margin(1e-12));
  CHECK(json["macro_f1"].get<double>() == Approx(scores.macro_f1).margin(1e-12));
  CHECK(json["uar"].get<double>() == Approx(scores.uar).margin(1e-12));
  CHECK(json["confusion"] == nlohmann::json(scores.confusion));
  REQUIRE(json["per_class"].size() == scores.per_class.size());
  for (std::size_t c = 0; c < scores.per_class.size(); ++c) {
    const auto& one = json["per_class"][c];
    CHECK(one["label"].is_string());
    CHECK(one["precision"].get<double>() == Approx(scores.per_class[c].precision).margin(1e-12));
    CHECK(one["recall"].get<double>() == Approx(scores.per_class[c].recall).margin(1e-12));
    CHECK(one["f1"].get<double>() == Approx(scores.per_class[c].f1).margin(1e-12));
    CHECK(one["support"].get<int64_t>() == scores.per_class[c].support);
  }
}

std::vector<nlohmann::json> epochs(const fs::path& path) {
  std::ifstream file(path);
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

/// Two small corpora and the words that train on them.
struct Corpora {
  Scratch scratch;
  Words train;
  Corpora() {
    REQUIRE(run(tiny_synth(scratch / "i")).status == 0);
    REQUIRE(run(tiny_synth(scratch / "m", "meld")).status == 0);
    train = Words{"train", "--data", (scratch / "i").string(), "--pretrain-data", (scratch / "m").string()} + tiny_network;
  }
  Words into(const std::string& name) const { return train + Words{"--out", (scratch / name).string()}; }
};

}  // namespace

TEST_CASE("a run leaves results, predictions and epochs that agree with each other") {
  const Corpora corpora;
  const auto result = run(corpora.into("run"));
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.err.empty());
  CHECK_THAT(result.out, Contains("pretrain 2/2") && Contains("finetune 4/4") && Contains("weighted F1") && Contains("results.json"));
  CHECK_THAT(result.out, !Contains("\r"));

  const auto folder = corpora.scratch / "run";
  const auto results = json(folder / "results.json");
  for (const auto* key : {"test", "dev", "best_epoch", "peak_test", "seconds_per_epoch", "peak_rss_mib", "config", "data"}) {
    INFO(key);
    CHECK(results.contains(key));
  }
  CHECK(results.size() == 8);
  CHECK(results["config"]["ablation"] == "C");
  CHECK(results["config"]["finetune"]["epochs"] == 4);
  CHECK(results["data"]["splits"]["test"]["dialogs"] == 3);
  CHECK(results["data"]["pretrain"]["classes"] == 7);
  CHECK(results["peak_rss_mib"].get<double>() > 10);
  CHECK(results["seconds_per_epoch"].get<double>() > 0);

  const auto predictions = rows(folder / "predictions.csv");
  CHECK_THAT(content(folder / "predictions.csv"),
             Catch::Matchers::StartsWith("vid,utterance,speaker,truth,prediction,p_0,p_1,p_2,p_3,p_4,p_5\n"));
  std::vector<int> truth, predicted;
  for (const auto& row : predictions) {
    CHECK(row.vid.starts_with("Ses05"));
    truth.push_back(row.truth);
    predicted.push_back(row.prediction);
    REQUIRE(row.probabilities.size() == 6);
    double sum = 0;
    for (const double p : row.probabilities) sum += p;
    CHECK(sum == Approx(1).margin(1e-5));
    CHECK(row.probabilities[row.prediction] == *std::max_element(row.probabilities.begin(), row.probabilities.end()));
  }
  CHECK(predictions.size() == results["data"]["splits"]["test"]["utterances"].get<std::size_t>());
  check_scores(results["test"], merc::score(truth, predicted, 6));

  const auto history = epochs(folder / "metrics.jsonl");
  REQUIRE(history.size() == 6);
  CHECK(history[0]["stage"] == "pretrain");
  CHECK(history[5]["stage"] == "finetune");
  double best_dev = -1, peak = -1;
  for (const auto& epoch : history) {
    if (epoch["stage"] != "finetune") continue;
    best_dev = std::max(best_dev, epoch["dev"]["weighted_f1"].get<double>());
    peak = std::max(peak, epoch["test"]["weighted_f1"].get<double>());
  }
  const auto& best = history[1 + results["best_epoch"].get<std::size_t>()];
  CHECK(best["dev"]["weighted_f1"].get<double>() == best_dev);
  CHECK(results["dev"]["weighted_f1"].get<double>() == Approx(best_dev).margin(1e-9));
  CHECK(results["test"]["weighted_f1"].get<double>() == Approx(best["test"]["weighted_f1"].get<double>()).margin(1e-9));
  CHECK(results["peak_test"]["weighted_f1"].get<double>() == Approx(peak).margin(1e-12));
}

TEST_CASE("stage 1 takes any loss that needs no labels") {
  const Corpora corpora;
  const auto clip = corpora.into("clip") + Words{"--pretrain-contrastive", "clip", "--pretrain-memory-bank", "0"};
  const auto result = run(clip);
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(json(corpora.scratch / "clip" / "results.json")["config"]["pretrain"]["contrastive"] == "clip");
  const auto by_label = run(corpora.into("sup_con") + Words{"--pretrain-contrastive", "sup_con"});
  CHECK(by_label.status == 2);
  CHECK_THAT(by_label.err, Contains("--pretrain-contrastive"));
}

TEST_CASE("a seed gives the same predictions again, another seed others") {
  const Corpora corpora;
  REQUIRE(run(corpora.into("a")).status == 0);
  REQUIRE(run(corpora.into("b")).status == 0);
  REQUIRE(run(corpora.into("c") + Words{"--seed", "1"}).status == 0);
  const auto first = content(corpora.scratch / "a" / "predictions.csv");
  CHECK(first == content(corpora.scratch / "b" / "predictions.csv"));
  CHECK(first != content(corpora.scratch / "c" / "predictions.csv"));
}

TEST_CASE("--json prints the results and nothing else") {
  const Corpora corpora;
  const auto result = run(corpora.into("run") + Words{"--json"});
  REQUIRE(result.status == 0);
  CHECK(result.err.empty());
  CHECK(nlohmann::json::parse(result.out) == json(corpora.scratch / "run" / "results.json"));
}

TEST_CASE("--quiet says nothing") {
  const Corpora corpora;
  const auto result = run(corpora.into("run") + Words{"--quiet"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.empty());
}

TEST_CASE("an output folder in which something stands is refused, or replaced, or gone on with") {
  const Corpora corpora;
  const auto folder = corpora.scratch / "run";
  REQUIRE(run(corpora.into("run")).status == 0);
  const auto first = content(folder / "results.json");
  const auto refused = run(corpora.into("run"));
  CHECK(refused.status == 2);
  CHECK(refused.err == "idcl-merc: " + folder.string() +
                           " exists and is not empty; go on with it by --resume, replace it by --overwrite, or choose another --out\n");
  CHECK(content(folder / "results.json") == first);

  const auto predictions = content(folder / "predictions.csv");
  REQUIRE(run(corpora.into("run") + Words{"--resume"}).status == 0);
  CHECK(content(folder / "predictions.csv") == predictions);
  CHECK(epochs(folder / "metrics.jsonl").size() == 6);

  const auto different = run(corpora.into("run") + Words{"--resume", "--temperature", "0.2"});
  CHECK(different.status != 0);
  CHECK_THAT(different.err, Contains("temperature"));
  CHECK(content(folder / "predictions.csv") == predictions);

  REQUIRE(run(corpora.into("run") + Words{"--overwrite", "--seed", "1"}).status == 0);
  CHECK(content(folder / "predictions.csv") != predictions);
  CHECK_FALSE(fs::exists(corpora.scratch / "run.previous"));
}

TEST_CASE("an interrupted run says how to go on and ends as one that was not interrupted") {
  const Corpora corpora;
  const Words longer{"--epochs", "60"};
  REQUIRE(run(corpora.into("whole") + longer).status == 0);

  for (const int signal : {SIGINT, SIGTERM}) {
    const auto name = "run" + std::to_string(signal);
    const auto folder = corpora.scratch / name;
    Process process(corpora.into(name) + longer);
    REQUIRE(process.until([&] { return lines(content(folder / "metrics.jsonl")) >= 5; }));
    process.send(signal);
    const auto stopped = process.wait();
    INFO(stopped.err);
    CHECK(stopped.status == 130);
    CHECK_THAT(stopped.err, Contains("stopped: ") && Contains("go on with: ") && Contains("--resume\n"));
    CHECK_FALSE(fs::exists(folder / "results.json"));
    CHECK(epochs(folder / "metrics.jsonl").size() < 62);

    const auto resumed = run(corpora.into(name) + longer + Words{"--resume"});
    INFO(resumed.err);
    CHECK(resumed.status == 0);
    CHECK_THAT(resumed.out, Contains("goes on after epoch"));
    CHECK(content(folder / "predictions.csv") == content(corpora.scratch / "whole" / "predictions.csv"));
    CHECK(epochs(folder / "metrics.jsonl").size() == 62);
  }
}

TEST_CASE("a disk that fills up ends the run with one line, and the old result stays") {
  const Corpora corpora;
  const auto folder = corpora.scratch / "run";
  REQUIRE(run(corpora.into("run")).status == 0);
  const auto first = content(folder / "results.json");
  for (const int blocks : {1, 8, 40}) {
    const auto full = run_with_file_limit(blocks, corpora.into("run") + Words{"--overwrite", "--quiet"});
    INFO(blocks << ": " << full.err);
    CHECK(full.status == 1);
    CHECK(lines(full.err) == 1);
    CHECK_THAT(full.err, Contains(folder.string()) && Contains("File too large"));
    const auto kept = fs::exists(corpora.scratch / "run.previous") ? corpora.scratch / "run.previous" : folder;
    CHECK(content(kept / "results.json") == first);
  }
  CHECK(run(corpora.into("run") + Words{"--overwrite", "--quiet"}).status == 0);
  CHECK_FALSE(fs::exists(corpora.scratch / "run.previous"));
}

TEST_CASE("places that cannot be written are named") {
  const Corpora corpora;
  const auto nowhere = run(corpora.train + Words{"--out", "/proc/no_such_place/run", "--quiet"});
  CHECK(nowhere.status == 1);
  CHECK_THAT(nowhere.err, Contains("/proc/no_such_place/run: cannot write there: ") && Contains("choose another --out"));
  CHECK(lines(nowhere.err) == 1);
}

TEST_CASE("a device that is not there is named") {
  const Corpora corpora;
  const auto absent = run(corpora.into("run") + Words{"--device", "cuda:77", "--quiet"});
  CHECK(absent.status == 2);
  CHECK_THAT(absent.err, Contains("cuda:77"));
  CHECK(lines(absent.err) == 1);
  const auto unknown = run(corpora.into("run") + Words{"--device", "abacus", "--quiet"});
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Contains("abacus"));
  CHECK_FALSE(fs::exists(corpora.scratch / "run"));
}

TEST_CASE("data that do not fit are named") {
  const Corpora corpora;
  const auto missing = run(corpora.into("run") + Words{"--modalities", "text,smell", "--quiet"});
  CHECK(missing.status == 1);
  CHECK_THAT(missing.err, Contains("smell"));
  CHECK(lines(missing.err) == 1);
  CHECK_FALSE(fs::exists(corpora.scratch / "run"));
}

TEST_CASE("eval of a run gives the scores of the run") {
  const Corpora corpora;
  const auto folder = corpora.scratch / "run", data = corpora.scratch / "i";
  REQUIRE(run(corpora.into("run") + Words{"--quiet"}).status == 0);
  const auto result = run({"eval", "--run", folder.string(), "--data", data.string(), "--split", "dev,test", "--json", "--out",
                           (corpora.scratch / "eval").string()});
  INFO(result.err);
  REQUIRE(result.status == 0);
  const auto scores = nlohmann::json::parse(result.out);
  CHECK(scores["test"] == json(folder / "results.json")["test"]);
  CHECK(scores["dev"] == json(folder / "results.json")["dev"]);
  // Rows are packed otherwise than in training, and a product rounds by its shape: probabilities may differ in the last digit.
  const auto again = rows(corpora.scratch / "eval" / "predictions.csv"), before = rows(folder / "predictions.csv");
  REQUIRE(again.size() == before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(again[i].vid == before[i].vid);
    CHECK(again[i].utterance == before[i].utterance);
    CHECK(again[i].truth == before[i].truth);
    CHECK(again[i].prediction == before[i].prediction);
    for (std::size_t c = 0; c < before[i].probabilities.size(); ++c)
      CHECK(std::abs(again[i].probabilities.at(c) - before[i].probabilities[c]) < 1e-5);
  }
  CHECK_THAT(run({"eval", "--run", folder.string(), "--data", data.string()}).out, Contains("test: accuracy"));

  REQUIRE(
      run(Words{"synth", "--out", (corpora.scratch / "other").string(), "--dialogs", "6", "--dims", "text=11,audio=6", "--quiet"}).status ==
      0);
  const auto other = run({"eval", "--run", folder.string(), "--data", (corpora.scratch / "other").string(), "--quiet"});
  CHECK(other.status == 1);
  CHECK_THAT(other.err, Contains("text") && Contains("11") && Contains("10"));
  const auto none = run({"eval", "--run", (corpora.scratch / "nothing").string(), "--data", data.string()});
  CHECK(none.status == 1);
  CHECK_THAT(none.err, Contains("nothing"));
}

TEST_CASE("weights of the released code are evaluated as they are") {
  const Scratch scratch;
  const auto model = std::string(IDCL_TEST_DATA) + "/golden/model/official_small";
  const auto sizes = json(model + ".json")["config"];
  const auto dim = [&](const std::string& name) { return name + "=" + std::to_string(sizes.at("d_" + name).get<int>()); };
  INFO(sizes);
  REQUIRE(
      run({"synth", "--out", (scratch / "d").string(), "--dialogs", "6", "--quiet", "--dims", dim("text") + "," + dim("audio")}).status ==
      0);
  const auto result = run({"eval", "--weights", model + ".pth", "--heads", std::to_string(sizes.at("heads").get<int>()), "--data",
                           (scratch / "d").string(), "--json"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(nlohmann::json::parse(result.out)["test"]["confusion"].size() == sizes.at("n_classes").get<std::size_t>());
}
