#include "support/catch.hpp"

#include "data/fingerprint.hpp"
#include "data/folds.hpp"
#include "data/labels.hpp"
#include "data/rearrange.hpp"
#include "data/session.hpp"

#include <set>

using namespace merc;
using Catch::Matchers::Contains;

namespace {

Dialog dialog(const std::string& id, const std::vector<int>& labels) {
  Dialog result;
  result.id = id;
  result.labels = labels;
  auto& text = result.features["text"];
  text = {.rows = static_cast<int64_t>(labels.size()), .cols = 2, .values = {}};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    result.speakers.push_back(i % 2 == 0 ? "F" : "M");
    result.sentences.push_back(id + std::to_string(i));
    text.values.insert(text.values.end(), {static_cast<float>(i), static_cast<float>(labels[i])});
    result.times.push_back({static_cast<double>(i), static_cast<double>(i) + 0.5});
  }
  return result;
}

/// Two dialogs of every session, and the splits of the community.
Corpus corpus() {
  Corpus result;
  result.path = "data.pkl";
  result.format = "open";
  result.classes = 6;
  result.label_names = label_names(6);
  result.modalities["text"] = {.dim = 2, .dtype = "float32"};
  for (int session = 1; session <= 5; ++session)
    for (const auto* take : {"F_impro01", "M_script02"})
      result.splits[session == 5 ? "test" : "train"].dialogs.push_back(
          dialog("Ses0" + std::to_string(session) + take, {0, 4, 5, 1, -1, 2, 4, 3}));
  result.splits["train"].dialogs.push_back(dialog("Ses04F_impro09", {5, 4, 5}));
  result.fingerprint = fingerprint(result);
  return result;
}

}  // namespace

TEST_CASE("four classes by dropping: excited and frustrated utterances go, with all that belongs to them") {
  auto made = corpus();
  make_four_way(made, FourWay::Drop);
  CHECK(made.classes == 4);
  CHECK(made.label_names == std::vector<std::string>{"happy", "sad", "neutral", "angry"});
  CHECK(made.train().dialogs.size() == 8);  // one had nothing else
  const auto& first = made.train().dialogs.front();
  CHECK(first.labels == std::vector<int>{0, 1, -1, 2, 3});
  CHECK(first.sentences ==
        std::vector<std::string>{"Ses01F_impro010", "Ses01F_impro013", "Ses01F_impro014", "Ses01F_impro015", "Ses01F_impro017"});
  CHECK(first.speakers == std::vector<std::string>{"F", "M", "F", "M", "M"});
  CHECK(first.times == std::vector<std::array<double, 2>>{{0, 0.5}, {3, 3.5}, {4, 4.5}, {5, 5.5}, {7, 7.5}});
  CHECK(first.vad.empty());
  CHECK(first.features.at("text").rows == 5);
  CHECK(first.features.at("text").values == std::vector<float>{0, 0, 3, 1, 4, -1, 5, 2, 7, 3});
  CHECK(made.train().figures.at("text").count == 8 * 5 * 2);
  REQUIRE(made.notes.size() == 2);
  CHECK_THAT(made.notes[0] + made.notes[1], Contains("test 16 -> 10 utterances, 2 -> 2 dialogs (happy 2, sad 2, neutral 2, angry 2)") &&
                                                Contains("train 67 -> 40 utterances, 9 -> 8"));
  CHECK(made.fingerprint == fingerprint(made));
  CHECK(made.fingerprint != corpus().fingerprint);
}

TEST_CASE("four classes by merging: excited is happy") {
  auto made = corpus();
  make_four_way(made, FourWay::Merge);
  CHECK(made.train().dialogs.size() == 9);
  CHECK(made.train().dialogs.front().labels == std::vector<int>{0, 0, 1, -1, 2, 0, 3});
  CHECK(made.train().dialogs.back().labels == std::vector<int>{0});
  CHECK_THAT(made.notes[0], Contains("excited merged into happy") && Contains("happy 6, sad 2"));
}

TEST_CASE("only IEMOCAP's six classes become four") {
  auto meld = corpus();
  meld.classes = 7;
  meld.label_names = label_names(7);
  CHECK_THROWS_WITH(make_four_way(meld, FourWay::Drop), "data.pkl: expected IEMOCAP's six classes to make four of, got 7 (neutral, ...)");
}

TEST_CASE("a session held out is the test set, every tenth of the others dev, and no dialog is lost or twice") {
  auto made = corpus();
  made.splits["dev"].dialogs.push_back(made.splits["train"].dialogs.front());  // in two splits: audited before, not any more
  made.warnings = audit(made);
  REQUIRE_FALSE(made.warnings.empty());
  hold_out_session(made, 2);
  CHECK(made.test().dialogs.size() == 2);
  for (const auto& held : made.test().dialogs) CHECK_THAT(held.id, Contains("Ses02"));
  CHECK_FALSE(made.has("dev"));  // of nine
  CHECK(made.test_session == 2);
  CHECK(made.train().dialogs.size() == 9);
  CHECK(std::is_sorted(made.train().dialogs.begin(), made.train().dialogs.end(), [](const auto& a, const auto& b) { return a.id < b.id; }));
  for (const auto& warning : made.warnings) CHECK_THAT(warning, !Contains("Ses01F_impro01"));
  CHECK_THAT(made.notes.back(), Contains("test is Session 2 (2 dialogs), dev every tenth of the others (0), train 9"));
  for (int i = 0; i < 30; ++i) made.splits["train"].dialogs.push_back(dialog("Ses01F_impro" + std::to_string(10 + i), {1}));
  hold_out_session(made, 5);
  CHECK(made.test().dialogs.size() == 2);
  CHECK(made.dev().dialogs.size() == 3);
  CHECK(made.train().dialogs.size() == 36);
}

TEST_CASE("sessions are held out of ids that say theirs") {
  auto made = corpus();
  CHECK_THROWS_WITH(hold_out_session(made, 9), "data.pkl: no dialog of Session 9 to hold out");
  auto named = corpus();
  named.splits["train"].dialogs.front().id = "12";
  CHECK_THROWS_WITH(hold_out_session(named, 5),
                    "data.pkl: dialog 12 (train) does not say its session; expected ids such as Ses05F_impro01");
}

TEST_CASE("folds by session: each session is test once, and in no other split of its fold") {
  auto made = corpus();
  for (int i = 0; i < 30; ++i) made.splits["train"].dialogs.push_back(dialog("Ses03F_impro" + std::to_string(10 + i), {1, 2}));
  made.splits["dev"].dialogs.push_back(made.splits["train"].dialogs.front());  // in two splits
  const auto before = fingerprint(made);
  Folds folds(made, FoldBy::Session);
  REQUIRE(folds.size() == 5);
  std::multiset<std::string> tested;
  for (std::size_t f = 0; f < folds.size(); ++f) {
    const auto& fold = folds.corpus(f);
    INFO(f);
    CHECK(folds.session(f) == static_cast<int>(f) + 1);
    for (const auto& held : fold.test().dialogs) {
      CHECK(session(held.id) == folds.session(f));
      tested.insert(held.id);
    }
    std::multiset<std::string> others;
    for (const auto* split : {"train", "dev"}) {
      REQUIRE_FALSE(fold.split(split).empty());
      for (const auto& other : fold.split(split).dialogs) {
        CHECK(session(other.id) != folds.session(f));
        others.insert(other.id);
      }
    }
    CHECK(others.size() + fold.test().dialogs.size() == 41);
    CHECK(fold.fingerprint == fingerprint(fold));
    auto held_out = made;
    hold_out_session(held_out, folds.session(f));
    hold_out_dev(held_out);
    CHECK(fold.fingerprint == held_out.fingerprint);
    CHECK(fold.train().figures.at("text").count == held_out.train().figures.at("text").count);
  }
  CHECK(tested.size() == 41);
  CHECK(std::set(tested.begin(), tested.end()).size() == 41);
  CHECK(fingerprint(folds.data()) == before);

  Folds file(made, FoldBy::File);
  CHECK(file.size() == 1);
  CHECK(file.session(0) == 0);
  CHECK(&file.corpus(0) == &made);
}

TEST_CASE("folds need sessions") {
  auto made = corpus();
  made.splits["test"].dialogs.clear();
  std::erase_if(made.splits["train"].dialogs, [](const auto& one) { return session(one.id) != 1; });
  CHECK_THROWS_WITH(Folds(made, FoldBy::Session), "data.pkl: folds by session need dialogs of two sessions at least, got 1");
  made.splits["train"].dialogs.front().id = "12";
  CHECK_THROWS_WITH(Folds(made, FoldBy::Session),
                    "data.pkl: dialog 12 (train) does not say its session; expected ids such as Ses05F_impro01");
}

TEST_CASE("what a corpus cannot undergo is left out of an arrangement") {
  const Arrangement asked{.four_way = "drop", .test_session = 3};
  auto made = corpus();
  CHECK(applicable(asked, made).four_way == "drop");
  CHECK(applicable(asked, made).test_session == 3);
  CHECK(applicable({.four_way = "", .test_session = 9}, made).test_session == 0);
  arrange(made, asked);
  CHECK(made.four_way == "drop");
  CHECK(made.classes == 4);
  CHECK(made.test_session == 3);
  CHECK(applicable(asked, made).four_way.empty());
  made.splits["train"].dialogs.front().id = "12";
  CHECK(applicable(asked, made).test_session == 0);
}
