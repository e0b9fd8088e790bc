#include "program.hpp"
#include "support/catch.hpp"

namespace {

using namespace program;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

struct Corpora {
  Scratch scratch;
  Corpora() {
    REQUIRE(run(tiny_synth(scratch / "i")).status == 0);
    REQUIRE(run(tiny_synth(scratch / "m", "meld")).status == 0);
  }
  Words ablate(const std::string& out) const {
    return Words{"ablate",
                 "--data",
                 (scratch / "i").string(),
                 "--pretrain-data",
                 (scratch / "m").string(),
                 "--seeds",
                 "2",
                 "--out",
                 (scratch / out).string(),
                 "--pretrain-learning-rate",
                 "0.00031"} +
           tiny_network;
  }
  Words sweep(const std::string& out, const std::string& grid) const {
    return Words{"sweep", "--data", (scratch / "i").string(), "--seeds", "1", "--out", (scratch / out).string(), "--grid", grid} +
           tiny_network;
  }
};

/// results.json without what a clock, the memory or the number of threads says.
nlohmann::json results_of(const fs::path& folder) {
  auto results = json(folder / "results.json");
  results.erase("seconds_per_epoch");
  results.erase("peak_rss_mib");
  results["config"].erase("threads");
  return results;
}

/// The words behind the names of runs, in the order in which they were said: "started", "failed:", "test" of a score.
Words events(const std::string& out) {
  Words all;
  std::istringstream stream(out);
  for (std::string line; std::getline(stream, line);)
    if (const auto gap = line.find("-seed"); gap != std::string::npos && line.find("  ", gap) != std::string::npos) {
      const auto rest = line.substr(line.find("  ", gap) + 2);
      all.push_back(rest.substr(0, rest.find(' ')));
    }
  return all;
}

}  // namespace

TEST_CASE("runs in processes of their own have the results of runs in one, and say what they were") {
  const Corpora corpora;
  const auto one = corpora.scratch / "one", two = corpora.scratch / "two";
  REQUIRE(run(corpora.ablate("one")).status == 0);
  const auto parallel = run(corpora.ablate("two") + Words{"--jobs", "2", "--threads", "2"});  // one thread each
  INFO(parallel.err);
  REQUIRE(parallel.status == 0);
  CHECK(parallel.err.empty());
  const auto said = events(parallel.out);
  REQUIRE(said.size() == 12);
  CHECK(said[0] == "started");
  CHECK(said[1] == "started");
  for (const std::string run_name : {"A-seed0", "B-seed0", "C-seed0", "A-seed1", "B-seed1", "C-seed1"}) {
    INFO(run_name);
    CHECK(results_of(two / run_name) == results_of(one / run_name));
    CHECK(content(two / run_name / "predictions.csv") == content(one / run_name / "predictions.csv"));
    CHECK(json(two / run_name / "config.json")["threads"] == 1);
    const auto log = content(two / run_name / "train.log");
    CHECK_THAT(log, StartsWith("idcl-merc train --data ") && Contains("--ablation " + run_name.substr(0, 1)) &&
                        Contains("--pretrain-learning-rate 0.00031") && Contains("finetune 4/4"));
  }
  CHECK(json(two / "summary.json")["settings"] == json(one / "summary.json")["settings"]);

  const auto again = run(corpora.ablate("two") + Words{"--jobs", "3", "--resume"});
  CHECK(again.status == 0);
  CHECK(events(again.out) == Words(6, "finished"));
}

TEST_CASE("no run begins beyond the limit on memory") {
  const Corpora corpora;
  const auto one_at_a_time = run(corpora.sweep("a", "temperature=0.1,0.2,0.3") + Words{"--jobs", "3", "--memory-limit-mib", "1"});
  INFO(one_at_a_time.err);
  REQUIRE(one_at_a_time.status == 0);
  CHECK(events(one_at_a_time.out) == Words{"started", "test", "started", "test", "started", "test"});
  CHECK_THAT(one_at_a_time.out, Contains("MiB, more than --memory-limit-mib 1: one at a time"));

  // The first shows what a run takes; then as many begin as fit.
  const auto measured = run(corpora.sweep("b", "temperature=0.1,0.2,0.3") + Words{"--jobs", "3", "--memory-limit-mib", "1000000"});
  const auto said = events(measured.out);
  REQUIRE(said.size() == 6);
  CHECK(Words(said.begin(), said.begin() + 4) == Words{"started", "test", "started", "started"});

  // What finished runs took is known to those that go on.
  fs::remove(corpora.scratch / "b" / "temperature=0.2-seed0" / "results.json");
  fs::remove(corpora.scratch / "b" / "temperature=0.3-seed0" / "results.json");
  const auto resumed =
      run(corpora.sweep("b", "temperature=0.1,0.2,0.3") + Words{"--jobs", "3", "--memory-limit-mib", "1000000", "--resume"});
  CHECK(events(resumed.out) == Words{"finished", "started", "started", "test", "test"});
}

TEST_CASE("a run that fails is named in one line, and the others are finished") {
  const Corpora corpora;
  for (const std::string jobs : {"1", "2"}) {
    const auto out = corpora.scratch / ("f" + jobs);
    const auto sweep = corpora.sweep("f" + jobs, "learning-rate=0.001,1e30,0.002") + Words{"--jobs", jobs};
    const auto failed = run(sweep);
    INFO(failed.err);
    CHECK(failed.status == 1);
    CHECK(lines(failed.err) == 1);
    CHECK_THAT(failed.err, StartsWith("idcl-merc: 1 of 3 runs failed, the others are kept: learning-rate=1e30-seed0: finetune, epoch ") &&
                               Contains("the loss is not finite; lower the learning rate (1e+30) or"));
    CHECK(json(out / "summary.json")["order"] == nlohmann::json{"learning-rate=0.001", "learning-rate=0.002"});
    CHECK(fs::exists(out / "learning-rate=0.002-seed0" / "results.json"));
    CHECK_FALSE(fs::exists(out / "learning-rate=1e30-seed0" / "results.json"));
    const auto again = run(sweep + Words{"--resume"});
    CHECK(again.status == 1);
    CHECK_THAT(again.err, Contains("1 of 1 runs failed"));
    CHECK_THAT(again.out, Contains("learning-rate=0.002-seed0  finished before"));
  }
}

TEST_CASE("an interrupted comparison asks its processes to stop, and goes on to the same results") {
  const Corpora corpora;
  const Words longer{"--epochs", "60"};
  REQUIRE(run(corpora.ablate("whole") + longer).status == 0);
  const auto jobs = corpora.ablate("stopped") + longer + Words{"--jobs", "2", "--threads", "2"};
  const auto out = corpora.scratch / "stopped";
  Process process(jobs);
  REQUIRE(process.until([&] { return lines(content(out / "B-seed0" / "metrics.jsonl")) >= 2; }));
  process.send(SIGINT);
  const auto stopped = process.wait();
  INFO(stopped.err);
  CHECK(stopped.status == 130);
  CHECK_THAT(stopped.err, Contains("go on with: ") && Contains("--resume\n"));
  CHECK_FALSE(fs::exists(out / "summary.json"));
  CHECK(fs::exists(out / "B-seed0" / "state.pt"));
  const auto resumed = run(jobs + Words{"--resume"});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  for (const std::string run_name : {"A-seed0", "B-seed0", "C-seed0", "A-seed1", "B-seed1", "C-seed1"})
    CHECK(results_of(out / run_name) == results_of(corpora.scratch / "whole" / run_name));
}

TEST_CASE("jobs and limits that make no sense are refused") {
  const Corpora corpora;
  for (const auto& [words, text] :
       {std::pair{Words{"--jobs", "0"}, "--jobs"}, std::pair{Words{"--memory-limit-mib", "-1"}, "--memory-limit-mib"}}) {
    const auto refused = run(corpora.ablate("none") + words);
    CHECK(refused.status == 2);
    CHECK(lines(refused.err) == 1);
    CHECK_THAT(refused.err, Contains(text));
  }
}
