#include "merc_data/support.hpp"
#include "support/catch.hpp"

#include "data/fingerprint.hpp"
#include "data/inspect.hpp"

using namespace merc;
using namespace merc::test;
using Catch::Matchers::Contains;

namespace {

Dialog dialog(const std::string& id) {
  return {.id = id, .speakers = {"M", "F"}, .labels = {0, 1}, .sentences = {"a", "b"}, .features = {{"text", {2, 1, {1, 2}}}}};
}

Corpus corpus_of(const std::map<std::string, std::vector<std::string>>& splits) {
  Corpus corpus;
  corpus.classes = 6;
  corpus.modalities["text"] = {1, "float32"};
  for (const auto& [name, ids] : splits) {
    corpus.splits[name];
    for (const auto& id : ids) corpus.splits[name].dialogs.push_back(dialog(id));
  }
  return corpus;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "|";
  return text;
}

}  // namespace

TEST_CASE("sound splits are silent") {
  CHECK(joined(audit(corpus_of(
                   {{"train", {"Ses01F_impro01", "Ses02M_script01_1"}}, {"dev", {"Ses01F_impro02"}}, {"test", {"Ses05F_impro01"}}})))
            .empty());
  CHECK(joined(audit(corpus_of({{"train", {"0", "1"}}, {"test", {"1153"}}}))).empty());
}

TEST_CASE("what is wrong with splits is named with its dialogs") {
  const auto said = [](const std::map<std::string, std::vector<std::string>>& splits) { return joined(audit(corpus_of(splits))); };
  CHECK_THAT(said({{"train", {"a", "b"}}, {"dev", {"b"}}, {"test", {"c"}}}), Contains("dev OVERLAPS train: 1 dialog of 1 (b)"));
  CHECK_THAT(said({{"train", {"a", "b"}}, {"test", {"b", "c"}}}), Contains("test OVERLAPS train: 1 dialog of 2 (b)"));
  CHECK_THAT(said({{"train", {"a"}}, {"dev", {"b"}}, {"test", {"b"}}}), Contains("test OVERLAPS dev"));
  CHECK_THAT(said({{"train", {"a", "a"}}, {"test", {"b"}}}), Contains("train holds 1 dialog more than once (a)"));
  CHECK_THAT(said({{"train", {"a"}}, {"dev", {}}, {"test", {"b"}}}), Contains("dev is empty"));
  CHECK_THAT(said({{"train", {"a"}}}), Contains("no test split"));
  CHECK_THAT(said({{"train", {"Ses01F_impro01"}}, {"test", {"Ses04F_impro01"}}}),
             Contains("test is NOT Session 5: 1 dialog of 1 (Ses04F_impro01)"));
  CHECK_THAT(said({{"train", {"Ses01F_impro01", "Ses05M_impro02"}}, {"test", {"Ses05F_impro01"}}}),
             Contains("test shares Session 5 with train"));
}

TEST_CASE("speakers are checked where they can be known") {
  auto corpus = corpus_of({{"train", {"Ses01F_impro01"}}, {"test", {"Ses05F_impro01"}}});
  corpus.splits["train"].dialogs[0].speakers[1] = std::string("Q");
  CHECK_THAT(joined(audit(corpus)), Contains("\"Q\", in Ses01F_impro01"));
  corpus = corpus_of({{"train", {"0"}}, {"test", {"1"}}});
  corpus.splits["train"].dialogs[0].speakers[1] = std::string("Q");
  CHECK(joined(audit(corpus)).empty());
}

TEST_CASE("the first tenth of train becomes dev where there is none") {
  for (const auto& [path, expected] : sidecars(data / "pickles")) {
    INFO(path.filename().string());
    const auto as_is = read(path);
    const auto loaded = load(path);
    CHECK(loaded.fingerprint == as_is.fingerprint);
    REQUIRE(loaded.has("dev"));
    if (as_is.has("dev")) {
      CHECK(loaded.notes == as_is.notes);
      continue;
    }
    const auto count = std::max<std::size_t>(1, as_is.train().dialogs.size() / 10);
    CHECK_THAT(loaded.notes.back(), Contains("no dev split"));
    REQUIRE(loaded.dev().dialogs.size() == count);
    REQUIRE(loaded.train().dialogs.size() == as_is.train().dialogs.size() - count);
    for (std::size_t i = 0; i < as_is.train().dialogs.size(); ++i) {
      const auto& expected_id = as_is.train().dialogs[i].id;
      CHECK(expected_id == (i < count ? loaded.dev().dialogs[i].id : loaded.train().dialogs[i - count].id));
    }
    for (const auto& [modality, figures] : as_is.train().figures) {
      const auto sum = loaded.train().figures.at(modality).sum_of_squares + loaded.dev().figures.at(modality).sum_of_squares;
      CHECK(sum == Approx(figures.sum_of_squares).epsilon(1e-5));
    }
  }
}

TEST_CASE("a training list of one dialog stays whole") {
  auto corpus = corpus_of({{"train", {"a"}}, {"test", {"b"}}});
  hold_out_dev(corpus);
  CHECK(!corpus.has("dev"));
  CHECK(corpus.train().dialogs.size() == 1);
}

TEST_CASE("the fingerprint follows the content and nothing else") {
  const auto corpus = corpus_of({{"train", {"a", "b", "c"}}, {"test", {"d"}}});
  const auto print = fingerprint(corpus);
  CHECK(print.size() == 16);
  const auto changed = [&](auto change) {
    auto copy = corpus;
    change(copy);
    return fingerprint(copy) != print;
  };
  CHECK(changed([](Corpus& c) { c.splits["train"].dialogs[0].id = std::string("z"); }));
  CHECK(changed([](Corpus& c) { c.splits["train"].dialogs[1].labels[1] = 2; }));
  CHECK(changed([](Corpus& c) { c.splits["train"].dialogs[1].speakers[1] = std::string("M"); }));
  CHECK(changed([](Corpus& c) { c.splits["test"].dialogs[0].sentences[0] = std::string("c"); }));
  CHECK(changed([](Corpus& c) { c.splits["test"].dialogs[0].features["text"].values[1] = 3; }));
  CHECK(changed([](Corpus& c) { std::swap(c.splits["train"].dialogs[0], c.splits["train"].dialogs[1]); }));
  CHECK(changed([](Corpus& c) { std::swap(c.splits["train"], c.splits["test"]); }));
  CHECK(!changed([](Corpus& c) {
    c.path = "elsewhere";
    c.format = "open";
    hold_out_dev(c);
  }));
}
