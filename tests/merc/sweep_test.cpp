// Settings that are drawn at random.

#include "program.hpp"
#include "support/catch.hpp"

#include <set>

namespace {

using namespace program;
using Catch::Matchers::Contains;

struct Swept {
  Scratch scratch;
  fs::path data = scratch / "i";
  Swept() { REQUIRE(run(tiny_synth(data)).status == 0); }

  Words words(const std::string& out, const Words& more) const {
    return Words{"sweep", "--data", data.string(), "--out", (scratch / out).string(), "--seeds", "1", "--ablation", "B"} + tiny_network +
           Words{"--epochs", "1", "--quiet"} + more;
  }

  /// The settings of a sweep, in their order.
  std::vector<std::string> settings(const std::string& out, const Words& more) const {
    const auto result = run(words(out, more));
    INFO(result.err);
    REQUIRE(result.status == 0);
    return json(scratch / out / "summary.json")["order"];
  }
};

void check_refused(const Result& result, const std::string& text) {
  CHECK(result.status == 2);
  CHECK(lines(result.err) == 1);
  CHECK_THAT(result.err, Contains(text));
}

}  // namespace

TEST_CASE("a random search draws from ranges: again the same, of more the first the same, by another seed others") {
  const Swept swept;
  const Words ranges{"--range", "learning-rate=log:1e-5:1e-3", "--range", "num-neighbors=2:4", "--range", "fusion=linear,gated"};
  const auto four = swept.settings("four", ranges + Words{"--random", "4"});
  REQUIRE(four.size() == 4);
  CHECK(swept.settings("again", ranges + Words{"--random", "4"}) == four);
  CHECK(swept.settings("other", ranges + Words{"--random", "4", "--seed", "1"}) != four);
  const auto twelve = swept.settings("four", ranges + Words{"--random", "12", "--resume"});
  REQUIRE(twelve.size() == 12);
  CHECK(std::vector(twelve.begin(), twelve.begin() + 4) == four);
  CHECK(std::set(twelve.begin(), twelve.end()).size() == 12);

  int small = 0;
  std::set<std::string> fusions;
  std::set<int> neighbors;
  for (const auto& setting : twelve) {
    const auto config = json(swept.scratch / "four" / (setting + "-seed0") / "results.json")["config"];
    const double rate = config["finetune"]["learning_rate"];
    CHECK(rate >= 1e-5);
    CHECK(rate <= 1e-3);
    small += rate < 1e-4;  // half of them by logarithm, a tenth otherwise
    neighbors.insert(config["finetune"]["num_neighbors"].get<int>());
    fusions.insert(config["model"]["fusion"].get<std::string>());
    CHECK_THAT(setting, Contains("num-neighbors=" + config["finetune"]["num_neighbors"].dump()));
  }
  CHECK(small >= 3);
  CHECK(neighbors == std::set{2, 3, 4});
  CHECK(fusions.size() == 2);

  const auto ranking = json(swept.scratch / "four" / "summary.json")["ranking"];
  REQUIRE(ranking.size() == 12);
  for (std::size_t i = 1; i < ranking.size(); ++i) CHECK(ranking[i - 1]["dev_weighted_f1"] >= ranking[i]["dev_weighted_f1"]);
  const auto best = json(swept.scratch / "four" / (ranking[0]["setting"].get<std::string>() + "-seed0") / "results.json");
  CHECK(ranking[0]["dev_weighted_f1"] == best["dev"]["weighted_f1"]);
}

TEST_CASE("every draw is taken with every combination of a grid") {
  const Swept swept;
  const auto settings = swept.settings(
      "both", {"--random", "2", "--range", "idcl-weight=0.01:1", "--grid", "contrastive=idcl,sup_con", "--grid", "dropout=0.1,0.2"});
  REQUIRE(settings.size() == 8);
  CHECK_THAT(settings[0], Contains("contrastive=idcl,dropout=0.1"));
  CHECK_THAT(settings[3], Contains("contrastive=sup_con,dropout=0.2"));
  const auto draw = [](const std::string& setting) { return setting.substr(0, setting.find(',')); };
  for (std::size_t i = 0; i < 8; ++i) CHECK((draw(settings[i]) == draw(settings[0])) == (i < 4));
}

TEST_CASE("searches that make no sense are refused by what is wrong") {
  const Swept swept;
  const auto refused = [&](const Words& more, const std::string& text) { check_refused(run(swept.words("no", more)), text); };
  refused({}, "nothing to vary; give --grid KEY=VALUE,VALUE, or --random N and --range KEY=LOW:HIGH");
  refused({"--random", "3"}, "--random draws from ranges; give some by --range KEY=LOW:HIGH");
  refused({"--range", "dropout=0:0.5"}, "--range is drawn from; say how often by --random N");
  refused({"--random", "3", "--range", "dropout=0.5:0.1"}, "expected KEY=LOW:HIGH, LOW less than HIGH, such as");
  refused({"--random", "3", "--range", "dropout=log:0:0.1"}, "LOW less than HIGH and positive, such as");
  refused({"--random", "3", "--range", "num-neighbors=1:2.5"}, "LOW less than HIGH, whole numbers, such as");
  refused({"--random", "3", "--range", "dropout=a:b"}, "got dropout=a:b");
  refused({"--random", "3", "--range", "dropuot=0:0.5"}, "no flag of training is named dropuot (did you mean `dropout`?)");
  refused({"--random", "4", "--range", "num-neighbors=1:3"}, "--random: 4 settings asked for, but the ranges have hardly more than 3");
  refused({"--random", "3", "--range", "dropout=0:0.5", "--grid", "dropout=0.1,0.2"}, "dropout is there twice");
  refused({"--random", "1", "--range", "dropout=0:0.5"}, "one setting alone is no sweep");
  refused({"--random", "3", "--range", "dropout=0.5:2"}, "`model.dropout` to be in [0, 1)");
  CHECK_FALSE(fs::exists(swept.scratch / "no"));
}
