#include "program.hpp"
#include "support/catch.hpp"

namespace {

using namespace program;
using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("trajectories compares measures, as a table, as JSON and as a page") {
  const Scratch scratch;
  const auto data = scratch / "data", out = scratch / "out";
  REQUIRE(
      run({"synth", "--out", data.string(), "--dialogs", "40", "--scenarios", "4", "--mean-length", "12", "--dims", "text=3", "--quiet"})
          .status == 0);
  const auto shown = run({"trajectories", "--data", data.string()});
  REQUIRE(shown.status == 0);
  CHECK_THAT(shown.out, Contains("segment_histogram (4 segments, Hellinger)"));
  CHECK_THAT(shown.out, Contains("optimal_transport (0/1 cost, epsilon 0.1)"));
  CHECK_THAT(shown.out, Contains("length (difference of lengths alone)"));
  CHECK_THAT(shown.out, Contains("mean_pool (cosine of mean text features)"));
  CHECK_THAT(shown.out, Contains("mAP"));

  const auto both = run({"trajectories", "--data", data.string(), "--json", "--measure", "histogram,dtw", "--out", out.string()});
  REQUIRE(both.status == 0);
  const auto results = nlohmann::json::parse(both.out);
  CHECK(results == json(out / "trajectories.json"));
  CHECK(results.at("dialogs") == 40);
  CHECK(results.at("scenarios") == 4);
  CHECK(results.at("data").at("synthetic") == true);
  REQUIRE(results.at("measures").size() == 4);
  CHECK(results.at("measures")[0].at("measure") == "histogram");
  CHECK(results.at("measures")[1].at("measure") == "dtw");
  CHECK(results.at("measures")[2].at("measure") == "length");
  CHECK(results.at("measures")[3].at("measure") == "mean_pool");
  for (const auto& row : results.at("measures"))
    for (const auto* score : {"map", "recall_at_1", "recall_at_15"}) {
      CHECK(row.at(score) >= 0);
      CHECK(row.at(score) <= 1);
    }
  // Scenarios of the synthetic corpus have a course of their own: labels tell more than lengths.
  CHECK(results.at("measures")[0].at("map") > results.at("measures")[2].at("map"));

  const auto page = content(out / "trajectories.html");
  for (const auto* part : {"<!doctype html>", "(synthetic)", "prefers-color-scheme: dark", "aria-label=\"distances\"",
                           "aria-label=\"map of dialogs\"", "impro01"})
    CHECK_THAT(page, Contains(part));
  for (const auto* outside : {"http:", "https:", "<script", "nan\"", "nan,"}) CHECK_THAT(page, !Contains(outside));
  CHECK(run({"trajectories", "--data", data.string(), "--out", out.string()}).status == 2);
  CHECK(run({"trajectories", "--data", data.string(), "--out", out.string(), "--overwrite", "--quiet"}).status == 0);
}

TEST_CASE("trajectories refuses what it cannot compare, in one line") {
  const Scratch scratch;
  const auto meld = scratch / "meld";
  REQUIRE(run(tiny_synth(meld, "meld")).status == 0);
  const auto refused = run({"trajectories", "--data", meld.string(), "--out", (scratch / "out").string()});
  CHECK(refused.status == 1);
  CHECK_THAT(refused.err, Contains("has an id without a scenario, as Ses01F_impro01 has one"));
  CHECK(lines(refused.err) == 1);
  CHECK_FALSE(fs::exists(scratch / "out"));
  CHECK(run({"trajectories", "--data", (scratch / "nothing").string()}).status == 1);
  CHECK(run({"trajectories"}).status == 2);
  const auto unknown = run({"trajectories", "--data", meld.string(), "--measure", "frechet"});
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Contains("--measure"));
}

TEST_CASE("training by trajectories: flags, config keys, and distances kept beside the run") {
  const Scratch scratch;
  const auto data = scratch / "data", out = scratch / "run", file = scratch / "run.toml";
  REQUIRE(run(tiny_synth(data)).status == 0);
  const auto train = Words{"train", "--data", data.string(), "--out", out.string(), "--num-neighbors", "3"} + tiny_network;
  const auto first =
      run(train + Words{"--positives", "trajectory:edit_distance", "--weights", "soft", "--sigma", "0.2", "--exclude-near", "0.1"});
  REQUIRE(first.status == 0);
  CHECK_THAT(first.out, Contains("finetune: positives by edit_distance (over the longer length) of the labels of"));
  CHECK(fs::exists(out / "distances.finetune.bin"));
  const auto config = json(out / "results.json").at("config").at("finetune");
  CHECK(config.at("positives") == "trajectory:edit_distance");
  CHECK(config.at("weights") == "soft");
  CHECK(config.at("exclude_near") == 0.1);

  write(file, "positives = \"random\"\nexclude-near = 0.2\n");
  const auto second = run(train + Words{"--overwrite", "--config", file.string()});
  REQUIRE(second.status == 0);
  CHECK_THAT(second.out, Contains("near negatives spared by segment_histogram"));
  CHECK(json(out / "results.json").at("config").at("finetune").at("positives") == "random");

  const auto refused = [&](const Words& words, const std::string& text) {
    const auto result = run(train + Words{"--overwrite"} + words);
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains(text));
    CHECK(lines(result.err) == 1);
  };
  refused({"--positives", "labels"},
          "`finetune.positives` to be one of feature, random, trajectory, trajectory:MEASURE, but got \"labels\"");
  refused({"--positives", "trajectory:frechet"}, "no trajectory measure named \"frechet\"; there are segment_histogram");
  refused({"--weights", "soft"}, "soft weigh positives by their trajectory; take positives trajectory, not feature");
  refused({"--exclude-near", "-1"}, "`finetune.exclude_near` to be finite and not negative, but got -1");
  refused({"--positives", "trajectory", "--sigma", "0"}, "`finetune.sigma` to be finite and positive, but got 0");
}
