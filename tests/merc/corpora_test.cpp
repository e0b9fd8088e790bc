#include "program.hpp"
#include "support/catch.hpp"

namespace {

using namespace program;
using Catch::Matchers::Contains;

nlohmann::json inspect(const fs::path& path) {
  const auto result = run({"inspect", path.string(), "--json"});
  REQUIRE(result.status == 0);
  return nlohmann::json::parse(result.out);
}

}  // namespace

TEST_CASE("synth writes what inspect reads, as a pickle and in the open format") {
  const Scratch scratch;
  const auto pickle = scratch / "c.pkl", folder = scratch / "c";
  REQUIRE(run(tiny_synth(pickle)).status == 0);
  REQUIRE(run(tiny_synth(folder)).status == 0);
  const auto as_pickle = inspect(pickle), as_folder = inspect(folder);
  CHECK(as_pickle["format"] == "corect_dict");
  CHECK(as_folder["format"] == "open");
  CHECK(as_pickle["splits"] == as_folder["splits"]);
  CHECK(as_pickle["modalities"] == as_folder["modalities"]);
  CHECK(as_pickle["fingerprint"] == as_folder["fingerprint"]);
  CHECK(as_pickle["warnings"].empty());
  CHECK(as_pickle["modalities"]["text"]["dim"] == 10);
  CHECK(as_pickle["splits"]["train"]["dialogs"].get<int>() + as_pickle["splits"]["dev"]["dialogs"].get<int>() +
            as_pickle["splits"]["test"]["dialogs"].get<int>() ==
        16);

  const auto table = run({"inspect", pickle.string()});
  CHECK(table.status == 0);
  CHECK_THAT(table.out, Contains("corect_dict") && Contains("text") && Contains("train"));
  const auto quiet = run({"inspect", pickle.string(), "--quiet"});
  CHECK(quiet.status == 0);
  CHECK(quiet.out.empty());
}

TEST_CASE("synth says that its corpora are synthetic") {
  const Scratch scratch;
  for (const std::string shape : {"iemocap", "meld"}) {
    auto words = tiny_synth(scratch / shape, shape);
    words.pop_back();  // --quiet
    const auto result = run(words);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("synthetic corpus, " + shape + " shape"));
  }
  const auto trained =
      run(Words{"train", "--data", (scratch / "iemocap").string(), "--out", (scratch / "run").string(), "--ablation", "A"} + tiny_network);
  CHECK_THAT(trained.out, Contains("(synthetic, open)"));
  CHECK(json(scratch / "run" / "results.json")["data"]["synthetic"] == true);
}

TEST_CASE("convert keeps everything, there and back") {
  const Scratch scratch;
  REQUIRE(run(tiny_synth(scratch / "a", "meld")).status == 0);
  REQUIRE(run({"convert", (scratch / "a").string(), (scratch / "b.pkl").string()}).status == 0);
  REQUIRE(run({"convert", (scratch / "b.pkl").string(), (scratch / "c").string(), "--quiet"}).status == 0);
  CHECK(inspect(scratch / "a")["splits"] == inspect(scratch / "b.pkl")["splits"]);
  CHECK(inspect(scratch / "a")["fingerprint"] == inspect(scratch / "c")["fingerprint"]);
  CHECK(content(scratch / "a" / "text.train.npy") == content(scratch / "c" / "text.train.npy"));
}

TEST_CASE("what stands where a corpus is to be written stays, unless --overwrite was said") {
  const Scratch scratch;
  const auto pickle = scratch / "c.pkl", folder = scratch / "c";
  write(pickle, "precious");
  fs::create_directories(folder);
  write(folder / "thesis", "years");
  const auto refused = run(tiny_synth(pickle));
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains(pickle.string() + " exists; replace it by --overwrite or choose another name"));
  CHECK(run(tiny_synth(folder)).status == 2);
  const auto foreign = run(tiny_synth(folder) + Words{"--overwrite"});
  CHECK(foreign.status == 2);
  CHECK_THAT(foreign.err, Contains("holds no corpus in the open format, so --overwrite leaves it alone"));
  CHECK(content(pickle) == "precious");
  CHECK(content(folder / "thesis") == "years");

  CHECK(run(tiny_synth(pickle) + Words{"--overwrite"}).status == 0);
  CHECK(inspect(pickle)["format"] == "corect_dict");
  fs::remove_all(folder);
  REQUIRE(run(tiny_synth(folder)).status == 0);
  const auto before = inspect(folder)["fingerprint"];
  REQUIRE(run(tiny_synth(folder) + Words{"--overwrite", "--seed", "2"}).status == 0);
  CHECK(inspect(folder)["fingerprint"] != before);
  CHECK(std::distance(fs::directory_iterator(scratch / "."), fs::directory_iterator()) == 2);
}

TEST_CASE("places that cannot be written, and disks that are full, leave nothing behind") {
  const Scratch scratch;
  for (const std::string name : {"c.pkl", "c"}) {
    const auto nowhere = run(tiny_synth("/proc/no_such_place/" + name));
    CHECK(nowhere.status == 1);
    CHECK_THAT(nowhere.err, Contains("/proc/no_such_place/" + name));
    CHECK(lines(nowhere.err) == 1);

    const auto full = run_with_file_limit(2, tiny_synth(scratch / name));
    INFO(full.err);
    CHECK(full.status == 1);
    CHECK_THAT(full.err, Contains((scratch / name).string()) && Contains("File too large"));
    CHECK(lines(full.err) == 1);
    CHECK(fs::is_empty(scratch / "."));
  }
}

TEST_CASE("the raw tree is counted both ways, and converted as asked") {
  const Scratch scratch;
  const auto raw = std::string(IDCL_TEST_DATA) + "/raw_iemocap/IEMOCAP_full_release";
  const auto happy = [&](const Words& words) {
    const auto result = run(Words{"inspect", raw, "--json"} + words);
    REQUIRE(result.status == 0);
    const auto seen = nlohmann::json::parse(result.out);
    int64_t count = 0;
    for (const auto& split : seen["splits"]) count += split["labels"].value("0", 0);
    return count;
  };
  const auto expected = json(std::string(IDCL_TEST_DATA) + "/raw_iemocap/expected_iemocap.json");
  int64_t relabelled = 0;
  for (const auto& dialog : expected["dialogs"])
    for (const auto& turn : dialog["turns"]) relabelled += turn["hap_relabel"] == "hap";
  CHECK(happy({}) == expected["labels"]["hap"]);
  CHECK(happy({"--hap-relabel"}) == relabelled);
  CHECK(relabelled > expected["labels"]["hap"]);
  const auto trained = run({"train", "--data", raw, "--out", (scratch / "run").string(), "--quiet"});
  CHECK(trained.status == 1);
  CHECK_THAT(trained.err, Contains("no modality `text`; it has no features at all: extract them with examples/merc/extract_features.py"));
  REQUIRE(run({"convert", raw, (scratch / "c").string(), "--hap-relabel", "--quiet"}).status == 0);
  CHECK(nlohmann::json::parse(run({"inspect", (scratch / "c").string(), "--json"}).out)["splits"] ==
        nlohmann::json::parse(run({"inspect", raw, "--json", "--hap-relabel"}).out)["splits"]);
}

TEST_CASE("six classes become four by dropping or merging, and a session is held out, with the counts shown") {
  const Scratch scratch;
  REQUIRE(run(tiny_synth(scratch / "six")).status == 0);
  const auto labels = [&](const fs::path& path) {
    const auto seen = inspect(path);
    std::map<std::string, int64_t> counts;
    for (const auto& split : seen["splits"])
      for (const auto& [label, count] : split["labels"].items()) counts[label] += count.get<int64_t>();
    return counts;
  };
  const auto six = labels(scratch / "six");
  for (const std::string how : {"drop", "merge"}) {
    const auto result = run({"convert", (scratch / "six").string(), (scratch / how).string(), "--four-way", how, "--test-session", "1"});
    REQUIRE(result.status == 0);
    CHECK_THAT(result.out, Contains("4 classes") && Contains("4-way") && Contains("happy ") && Contains("test is Session 1"));
    auto four = labels(scratch / how);
    CHECK(four["0"] == six.at("0") + (how == "merge" ? six.at("4") : 0));
    for (const auto* label : {"1", "2", "3"}) CHECK(four[label] == six.at(label));
    CHECK(four.count("4") + four.count("5") == 0);
    REQUIRE(run(Words{"train", "--data", (scratch / how).string(), "--out", (scratch / ("run_" + how)).string(), "--ablation", "A"} +
                tiny_network)
                .status == 0);
  }
  // What a flag makes of a corpus is what convert writes, in training and for trained weights.
  const auto shown = run({"inspect", (scratch / "six").string(), "--json", "--four-way", "drop", "--test-session", "1"});
  CHECK(nlohmann::json::parse(shown.out)["splits"] == inspect(scratch / "drop")["splits"]);
  const auto direct = run(Words{"train", "--data", (scratch / "six").string(), "--out", (scratch / "direct").string(), "--ablation", "A",
                                "--four-way", "drop", "--test-session", "1"} +
                          tiny_network);
  CHECK_THAT(direct.out, Contains("4-way, excited and frustrated dropped: ") && Contains("test is Session 1"));
  const auto results = json(scratch / "direct" / "results.json");
  CHECK(results["test"] == json(scratch / "run_drop" / "results.json")["test"]);
  CHECK(results["data"]["four_way"] == "drop");
  const auto asked = run({"eval", "--run", (scratch / "direct").string(), "--data", (scratch / "six").string(), "--json"});
  CHECK(nlohmann::json::parse(asked.out)["test"] == results["test"]);
  const auto converted = run({"eval", "--run", (scratch / "direct").string(), "--data", (scratch / "drop").string(), "--json"});
  CHECK(nlohmann::json::parse(converted.out)["test"] == results["test"]);
  CHECK_THAT(
      run({"eval", "--weights", (scratch / "direct" / "best.pt").string(), "--heads", "2", "--data", (scratch / "six").string(), "--quiet"})
          .err,
      Contains("6 classes, the weights know 4; make four of six by --four-way drop or merge"));
  REQUIRE(run({"report", (scratch / "direct").string(), "--out", (scratch / "direct.html").string(), "--quiet"}).status == 0);
  CHECK_THAT(content(scratch / "direct.html"), !Contains("No map of the dialogs"));
  const auto again = run({"convert", (scratch / "drop").string(), (scratch / "no").string(), "--four-way", "drop"});
  CHECK(again.status == 1);
  CHECK_THAT(again.err, Contains("expected IEMOCAP's six classes to make four of, got 4"));
  CHECK(run({"convert", (scratch / "six").string(), (scratch / "no").string(), "--test-session", "0"}).status == 2);
  CHECK_THAT(run({"convert", (scratch / "six").string(), (scratch / "no").string(), "--test-session", "6", "--quiet"}).err,
             Contains("no dialog of Session 6 to hold out"));
  CHECK(run({"convert", (scratch / "six").string(), (scratch / "no").string(), "--four-way", "halve"}).status == 2);
  CHECK_FALSE(fs::exists(scratch / "no"));
}
