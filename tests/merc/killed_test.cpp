#include "program.hpp"
#include "support/catch.hpp"

namespace {

using namespace program;

/// metrics.jsonl without what a clock says.
std::string epochs_of(const fs::path& folder) {
  std::istringstream stream(content(folder / "metrics.jsonl"));
  std::string all;
  for (std::string line; std::getline(stream, line);) {
    auto record = nlohmann::json::parse(line);
    record.erase("seconds");
    all += record.dump() + '\n';
  }
  return all;
}

/// results.json without what a clock or the memory says.
nlohmann::json results_of(const fs::path& folder) {
  auto results = json(folder / "results.json");
  results.erase("seconds_per_epoch");
  results.erase("peak_rss_mib");
  return results;
}

/// idcl-merc that is killed at a moment: "write 5", "rename 2".
Result run_killed(const Words& words, const std::string& moment) {
  Words env{std::string("LD_PRELOAD=") + IDCL_KILL_AT_WRITE, "KILL_AT=" + moment, IDCL_MERC};
  env.insert(env.end(), words.begin(), words.end());
  return Process(env, "/usr/bin/env").wait();
}

}  // namespace

TEST_CASE("a run killed at any moment, in the middle of a write too, goes on to the same bits") {
  const Scratch scratch;
  REQUIRE(run(tiny_synth(scratch / "i")).status == 0);
  REQUIRE(run(tiny_synth(scratch / "m", "meld")).status == 0);
  const auto into = [&](const std::string& name) {
    return Words{"train", "--data", (scratch / "i").string(), "--pretrain-data", (scratch / "m").string()} + tiny_network +
           Words{"--save-seconds",          "0",      "--schedule", "plateau", "--schedule-patience", "1", "--out",
                 (scratch / name).string(), "--quiet"} +
           Words{"--ema", "0.9", "--pretrain-ema", "0.8", "--batch-size", "4", "--group-by-length", "--speaker-embedding"} +
           Words{"--pretrain-batch-size", "6", "--pretrain-memory-bank-unique", "--memory-bank", "6"};
  };
  REQUIRE(run(into("whole")).status == 0);
  const auto expected = results_of(scratch / "whole");
  const auto folder = scratch / "killed";

  int kills = 0;
  for (const std::string kind : {"write ", "rename "}) {
    bool killed = true;
    for (int moment = 1; killed; moment += 1 + moment / 3) {
      fs::remove_all(folder);
      const auto result = run_killed(into("killed"), kind + std::to_string(moment));
      killed = result.status == 128 + SIGKILL;
      if (!killed) {
        CHECK(result.status == 0);  // there were fewer writes
        CHECK(moment > 8);
        break;
      }
      ++kills;
      INFO(kind << moment);
      // Killed once more as soon as it goes on, and then left in peace.
      CHECK(run_killed(into("killed") + Words{"--resume"}, "write " + std::to_string(2 + moment % 3)).status == 128 + SIGKILL);
      const auto resumed = run(into("killed") + Words{"--resume"});
      INFO(resumed.err);
      REQUIRE(resumed.status == 0);
      CHECK(epochs_of(folder) == epochs_of(scratch / "whole"));
      CHECK(content(folder / "predictions.csv") == content(scratch / "whole" / "predictions.csv"));
      CHECK(content(folder / "last_epochs.csv") == content(scratch / "whole" / "last_epochs.csv"));
      CHECK(results_of(folder) == expected);
    }
  }
  CHECK(kills > 10);
}
