#include "merc_data/support.hpp"
#include "support/catch.hpp"

#include "data/csv.hpp"
#include "data/iemocap_release.hpp"
#include "data/open_format.hpp"

#include <numeric>

using namespace merc;
using namespace merc::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

const std::filesystem::path raw = data / "raw_iemocap";

}  // namespace

TEST_CASE("every turn of the raw corpus is what the sidecar says") {
  const auto expected = read_json(raw / "expected_iemocap.json");
  const auto dialogs = read_iemocap_release(raw / "IEMOCAP_full_release");
  REQUIRE(dialogs.size() == expected["dialogs"].size());
  for (const auto& dialog : dialogs) {
    const auto found =
        std::find_if(expected["dialogs"].begin(), expected["dialogs"].end(), [&](const auto& other) { return other["id"] == dialog.id; });
    INFO(dialog.id);
    REQUIRE(found != expected["dialogs"].end());
    CHECK(dialog.session == (*found)["session"]);
    const auto& turns = (*found)["turns"];
    REQUIRE(dialog.turns.size() == turns.size());
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const auto& turn = dialog.turns[i];
      CHECK(turn.id == turns[i]["id"]);
      CHECK(turn.speaker == turns[i]["speaker"]);
      CHECK(turn.start == turns[i]["start"]);
      CHECK(turn.end == turns[i]["end"]);
      CHECK(turn.label == turns[i]["label"]);
      CHECK(turn.hap_relabel == turns[i]["hap_relabel"]);
      CHECK(json(turn.vad) == turns[i]["vad"]);
      CHECK(turn.text == turns[i]["text"]);
    }
  }
}

TEST_CASE("the raw corpus as a corpus: six classes, Session 5 is test, relabelling only on request") {
  const auto expected = read_json(raw / "expected_iemocap.json");
  for (const bool relabel : {false, true}) {
    const auto corpus = read(raw / "IEMOCAP_full_release", {.hap_relabel = relabel});
    CHECK(corpus.format == "iemocap_release");
    CHECK(corpus.classes == 6);
    CHECK(corpus.warnings.empty());
    const auto utterances = corpus.train().utterances() + corpus.test().utterances();
    CHECK(utterances == expected[relabel ? "kept_six_way_with_hap_relabel" : "kept_six_way"].get<std::int64_t>());
    CHECK_THAT(corpus.notes.back(), Contains(std::to_string(expected["kept_six_way"].get<int>())) &&
                                        Contains(std::to_string(expected["kept_six_way_with_hap_relabel"].get<int>())));
    for (const auto& dialog : corpus.test().dialogs) CHECK(dialog.id.starts_with("Ses05"));
  }
}

TEST_CASE("times and VAD of the raw corpus go with its turns, through the open format too") {
  const auto expected = read_json(raw / "expected_iemocap.json");
  const TemporaryFolder temporary;
  write_open(read(raw / "IEMOCAP_full_release"), temporary.path / "open");
  std::size_t turns = 0;
  for (const auto& [name, split] : read(temporary.path / "open").splits)
    for (const auto& dialog : split.dialogs) {
      INFO(dialog.id);
      const auto found =
          std::find_if(expected["dialogs"].begin(), expected["dialogs"].end(), [&](const auto& other) { return other["id"] == dialog.id; });
      REQUIRE(found != expected["dialogs"].end());
      REQUIRE(dialog.times.size() == dialog.labels.size());
      REQUIRE(dialog.vad.size() == dialog.labels.size());
      std::size_t u = 0;
      for (const auto& turn : (*found)["turns"]) {
        if (u >= dialog.labels.size() || turn["text"] != dialog.sentences[u] || turn["start"] != dialog.times[u][0]) continue;
        CHECK(turn["end"] == dialog.times[u][1]);
        CHECK(turn["vad"] == json(dialog.vad[u]));
        ++u;
      }
      CHECK(u == dialog.labels.size());
      turns += u;
    }
  CHECK(turns == expected["kept_six_way"].get<std::size_t>());
}

TEST_CASE("MELD's csv files are what the sidecar says") {
  const auto expected = read_json(raw / "expected_meld.json");
  const auto corpus = read(raw / "MELD");
  CHECK(corpus.format == "meld_csv");
  CHECK(corpus.warnings.empty());
  for (const auto* name : split_names) {
    INFO(name);
    const auto& split = corpus.split(name);
    const auto& facts = expected[name];
    CHECK(split.dialogs.size() == facts["dialogs"].get<std::size_t>());
    CHECK(split.utterances() == facts["utterances"].get<std::int64_t>());
    json lengths = json::array();
    std::map<std::string, int> emotions;
    for (const auto& dialog : split.dialogs) {
      lengths.push_back(dialog.utterances());
      for (const int label : dialog.labels) ++emotions[corpus.label_names[static_cast<std::size_t>(label)]];
    }
    CHECK(lengths == facts["utterances_per_dialog"]);
    CHECK(json(emotions) == facts["emotions"]);
  }
  CHECK(corpus.train().dialogs[0].sentences[0] == expected["first_utterance"]);
  for (const auto& [name, id] : expected["label_ids"].items()) CHECK(corpus.label_names[id.get<std::size_t>()] == name);
}

TEST_CASE("csv: quotes, commas, line ends") {
  using Records = std::vector<std::vector<std::string>>;
  CHECK(parse_csv("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n") == Records{{"a", "b"}, {"1", "x, \"y\"\nz"}});
  CHECK(parse_csv("a,\n\n\"\",b") == Records{{"a", ""}, {"", "b"}});
  CHECK(parse_csv("").empty());
  CHECK_THROWS_AS(parse_csv("\"a"), std::invalid_argument);
}

TEST_CASE("broken raw files are named with their line") {
  const TemporaryFolder folder;
  const auto labels = folder.path / "Session1" / "dialog" / "EmoEvaluation";
  std::filesystem::create_directories(labels);
  CHECK_THAT(error_of(folder.path), Contains("holds no Session"));
  spit(labels / "Ses01F_impro01.txt", "% header\n\n[1.0 - 2.0]\tSes01F_impro01_F000\tneu\n");
  CHECK_THAT(error_of(folder.path), Contains("Ses01F_impro01.txt, line 3: expected"));

  const TemporaryFolder meld;
  spit(meld.path / "train.csv", "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID\nHi,A,bliss,0,0\n");
  CHECK_THAT(error_of(meld.path), Contains("train.csv, record 1: emotion \"bliss\""));
  spit(meld.path / "train.csv", "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID\nHi,A,joy,x,0\n");
  CHECK_THAT(error_of(meld.path), Contains("Dialogue_ID is \"x\""));
  spit(meld.path / "train.csv", "Utterance,Speaker\n\"Hi");
  CHECK_THAT(error_of(meld.path), Contains("never closed"));
}
