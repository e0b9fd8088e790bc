#include "report/metrics.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace {

using Json = nlohmann::json;

/// The positions of a golden tensor where the mask is true.
std::vector<int> masked(const Json& inputs, const std::string& name) {
  std::vector<int> kept;
  for (std::size_t i = 0; i < inputs[name]["data"].size(); ++i)
    if (inputs["mask"]["data"][i].get<bool>()) kept.push_back(inputs[name]["data"][i].get<int>());
  return kept;
}

/// Truth with -1 where the mask is false: what a padded batch would pass.
std::vector<int> padded(const Json& inputs) {
  auto truth = inputs["truth"]["data"].get<std::vector<int>>();
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (!inputs["mask"]["data"][i].get<bool>()) truth[i] = -1;
  return truth;
}

void check(double got, const Json& expected) { CHECK(std::abs(got - expected.get<double>()) <= 1e-12); }

void check(const merc::Scores& scores, const Json& expected) {
  check(scores.accuracy, expected["accuracy"]);
  check(scores.weighted_f1, expected["weighted_f1"]);
  check(scores.macro_f1_present, expected["macro_f1"]);
  check(scores.macro_f1, expected["macro_f1_all_classes"]);
  check(scores.uar_present, expected["uar"]);
  check(scores.uar, expected["uar_all_classes"]);
  REQUIRE(scores.per_class.size() == expected["support"].size());
  for (std::size_t c = 0; c < scores.per_class.size(); ++c) {
    check(scores.per_class[c].precision, expected["precision"][c]);
    check(scores.per_class[c].recall, expected["recall"][c]);
    check(scores.per_class[c].f1, expected["f1"][c]);
    CHECK(scores.per_class[c].support == expected["support"][c].get<int64_t>());
  }
  CHECK(Json(scores.confusion) == expected["confusion"]);
}

}  // namespace

TEST_CASE("scores equal scikit-learn's on every golden case") {
  int cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(IDCL_TEST_DATA) + "/golden/metrics")) {
    if (file.path().extension() != ".json") continue;
    std::ifstream stream(file.path());
    const auto golden = Json::parse(stream);
    for (const auto& golden_case : golden["cases"]) {
      const auto& inputs = golden_case["inputs"];
      const int classes = golden_case["options"]["num_classes"];
      INFO(file.path().filename() << ", case " << golden_case["name"]);
      check(merc::score(masked(inputs, "truth"), masked(inputs, "prediction"), classes), golden_case["expected"]);
      check(merc::score(padded(inputs), inputs["prediction"]["data"].get<std::vector<int>>(), classes), golden_case["expected"]);
      ++cases;
    }
  }
  CHECK(cases > 0);
}

TEST_CASE("no utterances score zero, not NaN") {
  const auto scores = merc::score({}, {}, 3);
  CHECK(scores.accuracy == 0);
  CHECK(scores.weighted_f1 == 0);
  CHECK(scores.macro_f1_present == 0);
  CHECK(scores.uar_present == 0);
  CHECK(scores.per_class.size() == 3);
}

TEST_CASE("scores refuse what makes no sense") {
  const std::vector<int> two{0, 1}, one{0}, beyond{0, 3}, negative{0, -1};
  CHECK_THROWS_WITH(merc::score(two, one, 2), "score: expected as many predictions as truths, got 1 and 2");
  CHECK_THROWS_WITH(merc::score(beyond, two, 3), "score: expected every truth to be in [0, 3), got 3 at position 1");
  CHECK_THROWS_WITH(merc::score(two, negative, 3), "score: expected every prediction to be in [0, 3), got -1 at position 1");
}
