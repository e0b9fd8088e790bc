#include "program.hpp"
#include "report/metrics.hpp"
#include "support/catch.hpp"

#include <numeric>

namespace {

using namespace program;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

struct Corpora {
  Scratch scratch;
  Words ablate;
  fs::path out = scratch / "ablation";
  Corpora() {
    REQUIRE(run(tiny_synth(scratch / "i")).status == 0);
    REQUIRE(run(tiny_synth(scratch / "m", "meld")).status == 0);
    ablate = Words{"ablate", "--data",    (scratch / "i").string(), "--pretrain-data", (scratch / "m").string(), "--seeds", "2",
                   "--out",  out.string()} +
             tiny_network;
  }
};

/// When each result was written.
std::vector<fs::file_time_type> times(const fs::path& out) {
  std::vector<fs::file_time_type> all;
  for (const auto& run : fs::directory_iterator(out))
    if (fs::exists(run.path() / "results.json")) all.push_back(fs::last_write_time(run.path() / "results.json"));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("ablate leaves a run folder a setting and seed, and a summary that agrees with them") {
  const Corpora corpora;
  const auto result = run(corpora.ablate);
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, Contains("Synthetic data, 6 classes, 2 seeds") && Contains("A  cross-entropy") && Contains("C  + pre-training"));
  CHECK_THAT(result.out,
             Contains("66.4 / 66.6") && Contains("85.9 / 85.8") && Contains("B-A") && Contains("C-A") && Contains("95 % over seeds"));

  const auto summary = json(corpora.out / "summary.json");
  CHECK(summary["seeds"] == nlohmann::json{0, 1});
  std::map<std::string, std::vector<double>> scores;
  for (const std::string setting : {"A", "B", "C"})
    for (const int seed : {0, 1}) {
      const auto results = json(corpora.out / (setting + "-seed" + std::to_string(seed)) / "results.json");
      CHECK(results["config"]["ablation"] == setting);
      CHECK(results["config"]["seed"] == seed);
      CHECK(results["data"].contains("pretrain") == (setting == "C"));
      scores[setting].push_back(results["test"]["weighted_f1"]);
    }
  for (const auto& [setting, values] : scores) {
    CHECK(summary["settings"][setting]["weighted_f1"]["values"] == nlohmann::json(values));
    CHECK(summary["settings"][setting]["weighted_f1"]["mean"].get<double>() == Approx((values[0] + values[1]) / 2));
    CHECK(summary["settings"][setting]["weighted_f1"]["std"].get<double>() ==
          Approx(std::abs(values[0] - values[1]) / std::sqrt(2.0)).margin(1e-12));
  }
  const auto& difference = summary["differences"]["C-A"];
  CHECK(difference["mean"].get<double>() == Approx((scores["C"][0] + scores["C"][1] - scores["A"][0] - scores["A"][1]) / 2).margin(1e-12));
  CHECK(difference["seed_interval"][0].get<double>() <= difference["mean"].get<double>());
  CHECK(difference["seed_interval"][1].get<double>() >= difference["mean"].get<double>());
  const bool above = difference["seed_interval"][0] > 0 && difference["dialog_interval"][0] > 0;
  const bool below = difference["seed_interval"][1] < 0 && difference["dialog_interval"][1] < 0;
  CHECK(difference["verdict"] == (above ? "gain" : below ? "loss" : "none shown"));
  CHECK(summary["differences"].size() == 3);

  // The last epochs beside each other, by what last_epochs.csv holds of them.
  const auto last_f1 = [&](const std::string& setting, int seed) {
    std::istringstream rows(content(corpora.out / (setting + "-seed" + std::to_string(seed)) / "last_epochs.csv"));
    std::string line, cell;
    std::getline(rows, line);
    CHECK(line == "vid,utterance,truth,epoch_4,epoch_3,epoch_2,epoch_1");
    std::vector<std::vector<int>> table;
    while (std::getline(rows, line)) {
      std::istringstream fields(line);
      auto& row = table.emplace_back();
      for (int column = 0; std::getline(fields, cell, ','); ++column)
        if (column >= 2) row.push_back(std::stoi(cell));
    }
    std::vector<double> scores;
    for (std::size_t epoch = 1; epoch < table.front().size(); ++epoch) {
      std::vector<int> truth, predicted;
      for (const auto& row : table) truth.push_back(row[0]), predicted.push_back(row[epoch]);
      scores.push_back(merc::score(truth, predicted, 6).weighted_f1);
    }
    return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
  };
  for (const std::string setting : {"A", "B", "C"})
    for (const int seed : {0, 1})
      CHECK(summary["settings"][setting]["weighted_f1_last5"]["values"][seed].get<double>() ==
            Approx(last_f1(setting, seed)).margin(1e-12));
  const auto& last = difference["last5"];
  for (const int seed : {0, 1}) CHECK(last["values"][seed].get<double>() == Approx(last_f1("C", seed) - last_f1("A", seed)).margin(1e-12));
  for (const auto* interval : {"seed_interval", "dialog_interval"}) {
    CHECK(last[interval][0].get<double>() <= last["mean"].get<double>());
    CHECK(last[interval][1].get<double>() >= last["mean"].get<double>());
  }
  for (const auto& p : last["mcnemar"]["values"]) CHECK((p.get<double>() > 0 && p.get<double>() <= 1));
  const auto& f1 = summary["settings"]["B"]["weighted_f1"];
  CHECK(f1["interval"][0].get<double>() + f1["interval"][1].get<double>() == Approx(2 * f1["mean"].get<double>()));
  CHECK_THAT(result.out, Contains("  last 5 epochs") && Contains("the epoch of the best weighted F1 on dev. Last 5 epochs: their mean"));
  CHECK_THAT(result.out, Contains("The paper: accuracy / weighted F1 of the epoch of the best weighted F1 on dev"));
  CHECK(summary["majority"]["accuracy"].get<double>() > 0);
}

TEST_CASE("finished runs are not repeated, broken ones are, runs of another configuration are refused") {
  const Corpora corpora;
  REQUIRE(run(corpora.ablate).status == 0);
  const auto first = times(corpora.out);
  const auto summary = content(corpora.out / "summary.json");
  REQUIRE(first.size() == 6);

  const auto refused = run(corpora.ablate);
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains(corpora.out.string() + " exists and is not empty; go on with it by --resume"));

  const auto printed = run(corpora.ablate + Words{"--resume", "--json"});
  CHECK(nlohmann::json::parse(printed.out) == json(corpora.out / "summary.json"));

  const auto again = run(corpora.ablate + Words{"--resume"});
  CHECK(again.status == 0);
  CHECK_THAT(again.out, Contains("C-seed1  finished before"));
  CHECK(times(corpora.out) == first);
  CHECK(content(corpora.out / "summary.json") == summary);

  fs::remove(corpora.out / "B-seed1" / "results.json");
  REQUIRE(run(corpora.ablate + Words{"--resume", "--quiet"}).status == 0);
  CHECK(times(corpora.out).size() == 6);
  CHECK(times(corpora.out) != first);

  const auto other = run(corpora.ablate + Words{"--resume", "--temperature", "0.2"});
  CHECK(other.status == 2);
  CHECK_THAT(other.err, Contains("A-seed0 holds the result of another run (config.finetune.temperature: 0.1 there, 0.2 asked for)"));
  REQUIRE(run(tiny_synth(corpora.scratch / "i") + Words{"--seed", "9", "--overwrite"}).status == 0);
  CHECK_THAT(run(corpora.ablate + Words{"--resume"}).err, Contains("holds the result of another run (data: "));
}

TEST_CASE("without a corpus for stage 1 there are A and B, and one seed claims nothing") {
  const Corpora corpora;
  const auto result = run(
      Words{"ablate", "--data", (corpora.scratch / "i").string(), "--seeds", "1", "--quiet", "--out", corpora.out.string()} + tiny_network);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, Contains("1 seed") && Contains("needs 2 seeds") && Contains("none shown") && !Contains("C  + pre-training"));
  CHECK(json(corpora.out / "summary.json")["differences"]["B-A"]["seed_interval"].is_null());
}

TEST_CASE("an interrupted ablation goes on where it stopped") {
  const Corpora corpora;
  Process process(corpora.ablate);
  REQUIRE(process.until([&] { return fs::exists(corpora.out / "B-seed0" / "metrics.jsonl"); }));
  process.send(SIGINT);
  const auto stopped = process.wait();
  CHECK(stopped.status == 130);
  CHECK_THAT(stopped.err, Contains("go on with: "));
  const std::string before = "idcl-merc: stopped: ";
  REQUIRE_THAT(stopped.err, StartsWith(before));
  const auto interrupted = stopped.err.substr(before.size(), std::string("B-seed0").size());  // or one after it, where B was quick
  CHECK(fs::exists(corpora.out / interrupted));
  CHECK_FALSE(fs::exists(corpora.out / interrupted / "results.json"));
  CHECK_FALSE(fs::exists(corpora.out / "summary.json"));
  const auto first = times(corpora.out);
  const auto resumed = run(corpora.ablate + Words{"--resume"});
  CHECK(resumed.status == 0);
  CHECK_THAT(resumed.out, Contains("A-seed0  finished before"));
  CHECK(times(corpora.out).size() == 6);
  CHECK(times(corpora.out).front() == first.front());
}
