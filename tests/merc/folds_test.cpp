// Cross-validation by session, as a user runs it.

#include "program.hpp"
#include "support/catch.hpp"

#include <set>

namespace {

using namespace program;
using Catch::Matchers::Contains;

/// A corpus and the ids of its dialogs by session.
struct Data {
  Scratch scratch;
  fs::path path = scratch / "i";
  std::map<std::string, std::set<std::string>> sessions;
  std::size_t dialogs = 0, utterances = 0;

  Data() {
    auto synth = tiny_synth(path);
    *(std::find(synth.begin(), synth.end(), "--dialogs") + 1) = "30";
    REQUIRE(run(synth).status == 0);
    std::istringstream stream(content(path / "dialogs.jsonl"));
    for (std::string line; std::getline(stream, line); ++dialogs) {
      const auto dialog = nlohmann::json::parse(line);
      const auto id = dialog.at("id").get<std::string>();
      sessions[id.substr(4, 1)].insert(id);
      utterances += dialog.at("labels").size();
    }
    REQUIRE(sessions.size() > 2);
  }

  Words train(const std::string& out, const Words& more = {}) const {
    return Words{"train", "--data", path.string(), "--ablation", "B", "--class-weights", "balanced", "--out", (scratch / out).string()} +
           tiny_network + more;
  }
};

/// results.json without what a clock or the memory says.
nlohmann::json results_of(const fs::path& folder) {
  auto results = json(folder / "results.json");
  results.erase("seconds_per_epoch");
  results.erase("peak_rss_mib");
  return results;
}

/// How often each dialog stands in predictions.csv, by utterances.
std::map<std::string, std::size_t> tested(const fs::path& folder) {
  std::map<std::string, std::size_t> counts;
  std::istringstream stream(content(folder / "predictions.csv"));
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) ++counts[line.substr(0, line.find(','))];
  return counts;
}

void check_refused(const Result& result, int status, const std::string& text) {
  CHECK(result.status == status);
  CHECK(lines(result.err) == 1);
  CHECK_THAT(result.err, Contains(text));
}

}  // namespace

TEST_CASE("folds by session test every dialog once, by a network that has seen none of its session") {
  const Data data;
  const auto out = data.scratch / "cv";
  const auto result = run(data.train("cv", {"--folds", "session"}));
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, Contains("each dialog tested once in " + std::to_string(data.sessions.size()) + " folds by session") &&
                             Contains("Session 1") && Contains("mean ± std") && Contains("95 % over folds") && Contains("UAR"));

  const auto results = json(out / "results.json");
  REQUIRE(results["folds"].size() == data.sessions.size());
  std::size_t fold = 0, support = 0;
  std::vector<double> scores;
  nlohmann::json confusion;
  for (const auto& [session, ids] : data.sessions) {
    INFO(session);
    const auto& facts = results["folds"][fold++];
    CHECK(facts["test_session"] == std::stoi(session));
    const auto run_folder = out / facts["folder"].get<std::string>();
    std::set<std::string> seen;
    for (const auto& [id, count] : tested(run_folder)) seen.insert(id);
    CHECK(seen == ids);
    const auto own = json(run_folder / "results.json");
    CHECK(own["data"]["test_session"] == std::stoi(session));
    CHECK(own["data"]["splits"]["test"]["dialogs"] == ids.size());
    CHECK(own["data"]["splits"]["train"]["dialogs"].get<std::size_t>() + own["data"]["splits"]["dev"]["dialogs"].get<std::size_t>() ==
          data.dialogs - ids.size());
    CHECK(own["data"]["splits"]["dev"]["dialogs"].get<std::size_t>() > 0);
    for (const auto& warning : own["data"]["warnings"]) CHECK_THAT(warning.get<std::string>(), !Contains("shares Session"));
    CHECK(facts["test"] == own["test"]);
    CHECK(facts["dev"] == own["dev"]);
    scores.push_back(own["test"]["weighted_f1"]);
    if (confusion.is_null()) confusion = own["test"]["confusion"];
    else
      for (std::size_t t = 0; t < confusion.size(); ++t)
        for (std::size_t p = 0; p < confusion.size(); ++p)
          confusion[t][p] = confusion[t][p].get<int64_t>() + own["test"]["confusion"][t][p].get<int64_t>();
  }
  CHECK(results["test"]["confusion"] == confusion);
  for (const auto& one : results["test"]["per_class"]) support += one["support"].get<std::size_t>();
  CHECK(support == data.utterances);
  const auto counts = tested(out);
  CHECK(counts.size() == data.dialogs);
  std::size_t rows = 0;
  for (const auto& [id, count] : counts) rows += count;
  CHECK(rows == data.utterances);

  double mean = 0, squares = 0;
  const auto n = static_cast<double>(scores.size());
  for (const double score : scores) mean += score / n;
  for (const double score : scores) squares += (score - mean) * (score - mean);
  const auto& over = results["over_folds"]["weighted_f1"];
  CHECK(over["mean"].get<double>() == Approx(mean));
  CHECK(over["std"].get<double>() == Approx(std::sqrt(squares / (n - 1))));
  CHECK(over["interval"][0].get<double>() < mean);
  CHECK(over["interval"][1].get<double>() > mean);
  const auto summary = json(out / "summary.json");
  CHECK(summary["settings"]["B"]["folds"]["weighted_f1"]["values"] == nlohmann::json(scores));
  CHECK(summary["settings"]["B"]["accuracy"]["mean"] == results["test"]["accuracy"]);
  CHECK_FALSE(summary.contains("paper"));

  // A fold is the run that holds its session out, class weights and all.
  REQUIRE(run(data.train("one", {"--test-session", "2", "--quiet"})).status == 0);
  CHECK(results_of(data.scratch / "one") == results_of(out / "B-session2-seed0"));

  REQUIRE(run({"report", out.string(), "--out", (data.scratch / "cv.html").string(), "--quiet"}).status == 0);
  CHECK_THAT(content(data.scratch / "cv.html"), Contains("Each session as test") && Contains("B-session1-seed0"));

  // Evaluated again, a fold is tested on what it has not seen, unless the flags say otherwise.
  const auto evaluated = [&](const Words& more) {
    const auto asked = run(Words{"eval", "--run", (out / "B-session2-seed0").string(), "--data", data.path.string(), "--json"} + more);
    REQUIRE(asked.status == 0);
    return nlohmann::json::parse(asked.out);
  };
  CHECK(evaluated({})["test"] == json(out / "B-session2-seed0" / "results.json")["test"]);
  CHECK(evaluated({"--test-session", "1"})["data"]["test_session"] == 1);

  // Also one that was killed after its weights were written and before its results were.
  const auto expected = json(out / "B-session2-seed0" / "results.json")["test"];
  fs::remove(out / "B-session2-seed0" / "results.json");
  CHECK(evaluated({})["test"] == expected);
}

TEST_CASE("folds in processes of their own, and folds gone on with after a kill, have the same results") {
  const Data data;
  REQUIRE(run(data.train("whole", {"--folds", "session", "--four-way", "merge", "--quiet"})).status == 0);
  const auto whole = data.scratch / "whole";
  const auto check_same = [&](const std::string& name) {
    const auto out = data.scratch / name;
    CHECK(json(out / "results.json")["test"] == json(whole / "results.json")["test"]);
    CHECK(json(out / "results.json")["folds"] == json(whole / "results.json")["folds"]);
    CHECK(json(out / "summary.json") == json(whole / "summary.json"));
    CHECK(content(out / "predictions.csv") == content(whole / "predictions.csv"));
  };
  CHECK(json(whole / "results.json")["data"]["four_way"] == "merge");
  CHECK(json(whole / "results.json")["test"]["per_class"].size() == 4);

  const auto parallel = run(data.train("parallel", {"--folds", "session", "--four-way", "merge", "--jobs", "2", "--threads", "2"}));
  INFO(parallel.err);
  REQUIRE(parallel.status == 0);
  check_same("parallel");

  const auto words = data.train("killed", {"--folds", "session", "--four-way", "merge", "--save-seconds", "0"});
  const auto second = data.scratch / "killed" / "B-session2-seed0";
  Process process(words);
  REQUIRE(process.until([&] { return lines(content(second / "metrics.jsonl")) >= 1; }));
  process.send(SIGKILL);
  process.wait();
  CHECK_FALSE(fs::exists(data.scratch / "killed" / "results.json"));
  const auto resumed = run(words + Words{"--resume"});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  CHECK_THAT(resumed.out, Contains("B-session1-seed0  finished before"));
  auto results = json(data.scratch / "killed" / "results.json");
  CHECK(results["test"] == json(whole / "results.json")["test"]);
  CHECK(content(data.scratch / "killed" / "predictions.csv") == content(whole / "predictions.csv"));
}

TEST_CASE("ablations and sweeps over folds compare fold by fold") {
  const Data data;
  const auto out = data.scratch / "ablation";
  const auto result = run(Words{"ablate", "--data", data.path.string(), "--settings", "A,B", "--seeds", "1", "--folds", "session", "--out",
                                out.string()} +
                          tiny_network + Words{"--epochs", "2"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, Contains("95 % over folds") && !Contains("paper"));
  const auto summary = json(out / "summary.json");
  REQUIRE(summary["folds"].size() == data.sessions.size());
  const auto& difference = summary["differences"]["B-A"];
  double mean = 0;
  for (std::size_t f = 0; f < data.sessions.size(); ++f) {
    const auto session = std::to_string(summary["folds"][f]["test_session"].get<int>());
    const auto score = [&](const std::string& setting) {
      return json(out / (setting + "-session" + session + "-seed0") / "results.json")["test"]["weighted_f1"].get<double>();
    };
    CHECK(difference["folds"]["values"][f].get<double>() == Approx(score("B") - score("A")).margin(1e-12));
    mean += (score("B") - score("A")) / static_cast<double>(data.sessions.size());
  }
  CHECK(difference["folds"]["mean"].get<double>() == Approx(mean).margin(1e-12));
  const auto side = [&](const char* interval, int bound) { return difference[interval][bound].get<double>(); };
  const bool above = side("fold_interval", 0) > 0 && side("dialog_interval", 0) > 0;
  const bool below = side("fold_interval", 1) < 0 && side("dialog_interval", 1) < 0;
  CHECK(difference["verdict"] == (above ? "gain" : below ? "loss" : "none shown"));

  const auto sweep = run(Words{"sweep", "--data", data.path.string(), "--grid", "dropout=0.1,0.5", "--seeds", "1", "--folds", "session",
                               "--quiet", "--out", (data.scratch / "sweep").string()} +
                         tiny_network + Words{"--epochs", "1"});
  REQUIRE(sweep.status == 0);
  CHECK(json(data.scratch / "sweep" / "summary.json")["ranking"].size() == 2);
  CHECK(fs::exists(data.scratch / "sweep" / "dropout=0.5-session5-seed0" / "results.json"));
}

TEST_CASE("folds that cannot be are refused in one line, and nothing is written") {
  const Data data;
  REQUIRE(run(tiny_synth(data.scratch / "m", "meld")).status == 0);
  const auto none = (data.scratch / "none").string();
  const Words meld{"train", "--data", (data.scratch / "m").string(), "--out", none, "--folds", "session"};
  check_refused(run(meld + Words{"--quiet"}), 1, "does not say its session; expected ids such as Ses05F_impro01");
  check_refused(run(data.train("none", {"--folds", "dialog"})), 2, "--folds");
  check_refused(run(data.train("none", {"--folds", "session", "--test-session", "1"})), 2, "excludes");
  check_refused(run(data.train("none", {"--jobs", "2"})), 2, "--jobs and --memory-limit-mib are for the runs of --folds");
  check_refused(run(data.train("none", {"--test-session", "9", "--quiet"})), 1, "no dialog of Session 9 to hold out");
  CHECK_FALSE(fs::exists(none));
}
