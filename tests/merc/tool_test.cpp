#include "program.hpp"
#include "support/catch.hpp"

namespace {

using namespace program;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// A corpus, a run on it that took a second, and the words that train.
struct Trained {
  Scratch scratch;
  fs::path data = scratch / "i", folder = scratch / "run";
  Words train = Words{"train", "--data", data.string(), "--quiet"} + tiny_network;
  Trained() {
    REQUIRE(run(tiny_synth(data)).status == 0);
    REQUIRE(run(train + Words{"--out", folder.string()}).status == 0);
  }
};

void check_refused(const Result& result, int status, const std::string& text) {
  CHECK(result.status == status);
  CHECK_THAT(result.err, Contains(text));
  CHECK(lines(result.err) == 1);
}

}  // namespace

TEST_CASE("report makes one page of a run that needs nothing else") {
  const Trained trained;
  const auto out = (trained.scratch / "report.html").string();
  const auto result = run({"report", trained.folder.string(), "--out", out});
  INFO(result.err);
  REQUIRE(result.status == 0);
  const auto page = content(out);
  CHECK_THAT(page, StartsWith("<!doctype html>") && Contains("(synthetic data)") && Contains("prefers-color-scheme: dark"));
  CHECK_THAT(page, !Contains("http") && !Contains("<script") && !Contains("nan") && !Contains("<link"));
  const auto results = json(trained.folder / "results.json");
  CHECK_THAT(page, Contains("selected: " + results["best_epoch"].dump()));
  CHECK(count(page, "<polyline") == 6);  // two of F1, three of losses, one of the ratio of gradients
  for (const auto& one : results["test"]["per_class"]) CHECK_THAT(page, Contains("<td>" + one["label"].get<std::string>() + "</td>"));
  CHECK(count(page, "taken for") > results["test"]["confusion"].size());
  CHECK(count(page, "class=\"truth\"") > 0);

  check_refused(run({"report", trained.folder.string(), "--out", out}), 2, out + " exists; replace it by --overwrite");
  CHECK(run({"report", trained.folder.string(), trained.folder.string(), "--out", out, "--overwrite"}).status == 0);
  CHECK_THAT(content(out), Contains("Runs side by side") && Contains("<details>"));
  check_refused(run({"report", trained.data.string(), "--out", out, "--overwrite"}), 1,
                "holds neither results.json of a finished run nor summary.json");
  write(trained.folder / "metrics.jsonl", "half a li");
  check_refused(run({"report", trained.folder.string(), "--out", out, "--overwrite"}), 1, "metrics.jsonl: line 1 is no record of an epoch");
}

TEST_CASE("report shows the dialogs on a map and whom they find, where the corpus is at hand") {
  const Trained trained;
  const auto out = trained.scratch / "report.html";
  const auto report = Words{"report", trained.folder.string(), "--out", out.string(), "--overwrite"};
  REQUIRE(run(report).status == 0);
  const auto dialogs = lines(content(trained.data / "dialogs.jsonl"));
  const auto keys = count(content(out), "class=\"key\" viewBox=\"0 0 22 12\"");
  CHECK(keys > 1);
  CHECK(count(content(out), "class=\"dot ") == 3 * dialogs + keys);  // text, audio, fused
  for (const std::string name : {"text", "audio", "fused", "text, as in the file", "audio, as in the file"})
    CHECK_THAT(content(out), Contains("<td>" + name + "</td>"));
  CHECK(count(content(out), "class=\"found\"") == 4 * 2);  // four dialogs, text and audio
  CHECK_THAT(content(out), Contains("by scenario") && Contains("nearest dialogs share the scenario"));

  // Coordinates of another program, from the ids that embed writes.
  const auto embeddings = trained.scratch / "e", points = trained.scratch / "umap.tsv";
  REQUIRE(
      run({"embed", "--run", trained.folder.string(), "--data", trained.data.string(), "--out", embeddings.string(), "--quiet"}).status ==
      0);
  std::istringstream ids(content(embeddings / "dialogs.ids.tsv"));
  std::string line, table = "vid\tx\ty\n";
  std::getline(ids, line);
  for (int i = 0; std::getline(ids, line); ++i) table += line.substr(0, line.find('\t')) + '\t' + std::to_string(i) + "\t0.5\n";
  write(points, table);
  REQUIRE(run(report + Words{"--coordinates", points.string()}).status == 0);
  CHECK_THAT(content(out), Contains("umap.tsv: coordinates as given") && !Contains("nan"));
  CHECK(count(content(out), "class=\"dot ") == 4 * dialogs + keys);
  check_refused(run(report + Words{"--coordinates", (embeddings / "dialogs.ids.tsv").string()}), 1, "names no column \"x\"");

  // Gone from its place, the corpus is no reason to have no page; asked for, it must be the right one.
  const auto moved = trained.scratch / "moved", other = trained.scratch / "other";
  fs::rename(trained.data, moved);
  REQUIRE(run(report).status == 0);
  CHECK_THAT(content(out), Contains("No map of the dialogs: " + trained.data.string()) && !Contains("class=\"found\""));
  REQUIRE(run(report + Words{"--data", moved.string()}).status == 0);
  CHECK(count(content(out), "class=\"found\"") == 4 * 2);  // four dialogs, text and audio
  REQUIRE(run(tiny_synth(other) + Words{"--seed", "9"}).status == 0);
  check_refused(run(report + Words{"--data", other.string()}), 1, other.string() + ": is another corpus than the one that");
}

TEST_CASE("predict needs no labels, and says of a split what the run said") {
  const Trained trained;
  const auto out = trained.scratch / "p.csv";
  const Words predict{"predict", "--run", trained.folder.string(), "--out", out.string(), "--data"};
  REQUIRE(run(predict + Words{trained.data.string(), "--split", "test", "--quiet"}).status == 0);
  const auto before = content(trained.folder / "predictions.csv"), after = content(out);
  CHECK(lines(after) == lines(before));
  CHECK(after.substr(0, after.find('\n')) == before.substr(0, before.find('\n')));
  check_refused(run(predict + Words{trained.data.string()}), 2, "p.csv exists; replace it by --overwrite");

  // The same corpus with its labels taken away.
  const auto bare = trained.scratch / "bare";
  fs::copy(trained.data, bare);
  std::istringstream dialogs(content(bare / "dialogs.jsonl"));
  std::string unlabelled;
  std::size_t utterances = 0;
  for (std::string line; std::getline(dialogs, line);) {
    auto dialog = nlohmann::json::parse(line);
    utterances += dialog["labels"].size();
    dialog["labels"] = nullptr;
    unlabelled += dialog.dump() + '\n';
  }
  write(bare / "dialogs.jsonl", unlabelled);
  const auto result = run(predict + Words{bare.string(), "--overwrite"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, Contains(std::to_string(utterances) + " utterances"));
  const auto csv = content(out);
  CHECK(lines(csv) == utterances + 1);
  CHECK(count(csv, ",-1,") == utterances);
  check_refused(run({"predict", "--data", bare.string(), "--out", (trained.scratch / "q").string()}), 2,
                "predict: no weights; name them by --run");
  const auto converted = run({"convert", bare.string(), (trained.scratch / "bare.pkl").string(), "--quiet"});
  CHECK(converted.status == 0);
  CHECK_THAT(converted.err, Contains("bare.pkl") && Contains("utterances have no label"));
  check_refused(run({"eval", "--run", trained.folder.string(), "--data", bare.string()}), 1,
                "no utterance of test has a label to compare with; take predict");
  check_refused(run({"train", "--data", bare.string(), "--out", (trained.scratch / "r").string()}), 1,
                "no utterance of train has a label to learn from");
}

TEST_CASE("embed writes a row a dialog and a row an utterance, and what they are") {
  const Trained trained;
  const auto out = trained.scratch / "e";
  REQUIRE(run({"embed", "--run", trained.folder.string(), "--data", trained.data.string(), "--out", out.string(), "--split", "dev,test",
               "--quiet"})
              .status == 0);
  for (const std::string kind : {"dialogs", "utterances"}) {
    const auto rows = lines(content(out / (kind + ".ids.tsv"))) - 1;
    for (const std::string name : {"text", "audio", "fused"}) {
      const auto npy = content(out / (kind + "." + name + ".npy"));
      CHECK_THAT(npy, Contains("'shape': (" + std::to_string(rows) + ", 16)"));
      CHECK(npy.size() == npy.find('\n') + 1 + rows * 16 * sizeof(float));
    }
  }
  CHECK_THAT(content(out / "dialogs.ids.tsv"), StartsWith("vid\tsplit\tutterances\n") && Contains("\ttest\t"));
  const auto only = trained.scratch / "only";
  REQUIRE(
      run({"embed", "--run", trained.folder.string(), "--data", trained.data.string(), "--out", only.string(), "--of", "dialogs"}).status ==
      0);
  CHECK(fs::exists(only / "dialogs.fused.npy"));
  CHECK_FALSE(fs::exists(only / "utterances.fused.npy"));
}

TEST_CASE("options of training are flags, are kept in the results, and are refused where they make no sense") {
  const Trained trained;
  const auto out = Words{"--out", (trained.scratch / "o").string(), "--overwrite"};
  REQUIRE(run(trained.train + out + Words{"--contrastive",     "sup_con", "--contrast-on",   "both",     "--backbone",      "gru",
                                          "--fusion",          "gated",   "--schedule",      "cosine",   "--warmup-epochs", "1",
                                          "--label-smoothing", "0.1",     "--class-weights", "balanced", "--accumulate",    "2",
                                          "--batch-size",      "4",       "--patience",      "3",        "--modalities",    "t,a"})
              .status == 0);
  const auto config = json(trained.scratch / "o" / "results.json")["config"];
  CHECK(config["finetune"]["contrastive"] == "sup_con");
  CHECK(config["model"]["backbone"] == "gru");
  CHECK(config["model"]["modalities"] == nlohmann::json{"text", "audio"});
  CHECK(config["label_smoothing"] == 0.1);
  REQUIRE(run(trained.train + out + Words{"--ema", "0.99", "--batch-size", "4", "--group-by-length", "--speaker-embedding"} +
              Words{"--memory-bank", "8", "--memory-bank-unique"})
              .status == 0);
  const auto other = json(trained.scratch / "o" / "results.json")["config"];
  CHECK(other["finetune"]["ema"] == 0.99);
  CHECK(other["finetune"]["group_by_length"] == true);
  CHECK(other["finetune"]["memory_bank_unique"] == true);
  CHECK(other["model"]["speaker_embedding"] == true);
  const auto evaluated = run({"eval", "--run", (trained.scratch / "o").string(), "--data", trained.data.string(), "--json"});
  CHECK(nlohmann::json::parse(evaluated.out)["test"] == json(trained.scratch / "o" / "results.json")["test"]);
  const auto on_one_thread = run(
      {"eval", "--run", (trained.scratch / "o").string(), "--data", trained.data.string(), "--json", "--threads", "1", "--deterministic"});
  CHECK(nlohmann::json::parse(on_one_thread.out)["test"] == nlohmann::json::parse(evaluated.out)["test"]);
  check_refused(run(trained.train + out + Words{"--ema", "1"}), 2, "`finetune.ema` to be in [0, 1), but got 1");
  check_refused(run(trained.train + out + Words{"--group-by-length"}), 2, "`finetune.batch_size` 0 takes all dialogs in one");
  check_refused(run(trained.train + out + Words{"--memory-bank-unique"}), 2, "`finetune.memory_bank` is 0");
  REQUIRE(run(trained.train + out + Words{"--ablation", "A", "--modalities", "t"}).status == 0);
  CHECK_THAT(content(trained.scratch / "o" / "events.out.tfevents.idcl-merc"),
             Contains("brain.Event:2") && Contains("finetune/dev_weighted_f1"));
  check_refused(run(trained.train + out + Words{"--accumulate", "0"}), 2, "`finetune.accumulate` to be at least 1, but got 0");
  check_refused(run(trained.train + out + Words{"--contrastive", "triplet"}), 2, "--contrastive");
  check_refused(run(trained.train + out + Words{"--contrastive", "info_nce", "--memory-bank", "4"}), 2,
                "`finetune.memory_bank` is for dialogs contrasted by idcl");
}

TEST_CASE("sweep compares every combination with the first, and report shows it") {
  const Trained trained;
  const auto out = trained.scratch / "s";
  const auto sweep = Words{"sweep", "--data", trained.data.string(), "--out", out.string(), "--seeds", "2", "--epochs", "3"} +
                     Words{"--hidden", "16", "--heads", "2", "--threads", "1"};
  const auto result = run(sweep + Words{"--grid", "temperature=0.1,0.2", "--grid", "modalities=t+a,a+t"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, Contains("McNemar p") && Contains("Differences are to temperature=0.1,modalities=t+a"));
  const auto summary = json(out / "summary.json");
  CHECK(summary["order"].size() == 4);
  CHECK(summary["baseline"] == "temperature=0.1,modalities=t+a");
  CHECK(summary["differences"].size() == 3);
  const auto run_of = json(out / "temperature=0.2,modalities=a+t-seed1" / "results.json")["config"];
  CHECK(run_of["finetune"]["temperature"] == 0.2);
  CHECK(run_of["model"]["modalities"] == nlohmann::json{"audio", "text"});
  CHECK(run_of["seed"] == 1);
  for (const auto& difference : summary["differences"]) {
    CHECK(difference["mcnemar"]["values"].size() == 2);
    CHECK(difference["mcnemar"]["median"].get<double>() > 0);
    CHECK(difference["mcnemar"]["median"].get<double>() <= 1);
  }
  const auto again = run(sweep + Words{"--grid", "temperature=0.1,0.2", "--grid", "modalities=t+a,a+t", "--resume"});
  CHECK(count(again.out, "finished before") == 8);

  const auto page = trained.scratch / "s.html";
  REQUIRE(run({"report", out.string(), "--out", page.string(), "--quiet"}).status == 0);
  CHECK_THAT(content(page), Contains("paired differences") && Contains("McNemar p"));
  CHECK(count(content(page), "<details>") == 8);

  check_refused(run(sweep + Words{"--grid", "temprature=0.1,0.2"}), 2,
                "no flag of training is named temprature (did you mean `temperature`?)");
  check_refused(run(sweep + Words{"--grid", "temperature=0.1"}), 2, "one setting alone is no sweep");
  check_refused(run(sweep + Words{"--grid", "temperature=0.1,0.1"}), 2, "each value once");
  check_refused(run(sweep + Words{"--grid", "temperature=warm,cold"}), 2, "temperature=warm: expected a value such as 0.1");
  check_refused(run(sweep + Words{"--grid", "temperature=0.1,-1"}), 2, "`finetune.temperature` to be finite and positive");
  check_refused(run(sweep + Words{"--grid", "seed=1,2"}), 2, "seeds are no setting; say how many by --seeds N");
}
