#include "support/catch.hpp"
#include "synth/generate.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

namespace {

using merc::synth::Channel;
using merc::synth::generate;
using merc::synth::Recipe;

Recipe small(Recipe recipe, int dialogs) {
  recipe.dialogs = dialogs;
  for (auto& [name, channel] : recipe.channels) channel.dim = 12;
  return recipe;
}

bool equal(const merc::Corpus& a, const merc::Corpus& b) {
  for (const auto& [name, split] : a.splits) {
    const auto& other = b.split(name).dialogs;
    if (other.size() != split.dialogs.size()) return false;
    for (std::size_t d = 0; d < other.size(); ++d) {
      const auto &x = split.dialogs[d], &y = other[d];
      if (x.id != y.id || x.labels != y.labels || x.speakers != y.speakers || x.sentences != y.sentences) return false;
      for (const auto& [modality, features] : x.features)
        if (features.values != y.features.at(modality).values) return false;
    }
  }
  return true;
}

/// Mean squared distance between the rows of a modality of two dialogs' means.
double distance(const merc::Dialog& a, const merc::Dialog& b, const std::string& modality) {
  const auto &x = a.features.at(modality), &y = b.features.at(modality);
  double sum = 0;
  for (int64_t c = 0; c < x.cols; ++c) {
    double mean_x = 0, mean_y = 0;
    for (int64_t r = 0; r < x.rows; ++r) mean_x += x.row(r)[c] / static_cast<double>(x.rows);
    for (int64_t r = 0; r < y.rows; ++r) mean_y += y.row(r)[c] / static_cast<double>(y.rows);
    sum += (mean_x - mean_y) * (mean_x - mean_y);
  }
  return sum;
}

/// "Ses01F_impro03b" -> "impro03".
std::string scenario(const std::string& id) {
  auto name = id.substr(id.find('_') + 1);
  while (!name.empty() && name.back() >= 'a' && name.back() <= 'z') name.pop_back();
  return name;
}

}  // namespace

TEST_CASE("the IEMOCAP shape has its sessions, splits, ids and lengths") {
  const auto corpus = generate(small(Recipe::iemocap(), 151));
  CHECK(corpus.classes == 6);
  CHECK(corpus.train().dialogs.size() == 108);
  CHECK(corpus.dev().dialogs.size() == 12);
  CHECK(corpus.test().dialogs.size() == 31);
  CHECK(merc::synth::made_here(corpus));
  std::set<std::string> ids;
  for (const auto& [name, split] : corpus.splits)
    for (const auto& dialog : split.dialogs) {
      INFO(dialog.id);
      CHECK(ids.insert(dialog.id).second);
      CHECK((dialog.id.substr(0, 5) == "Ses05") == (name == "test"));
      CHECK(dialog.utterances() >= 8);
      CHECK(dialog.utterances() <= 110);
      CHECK(dialog.speakers.size() == dialog.labels.size());
      CHECK(std::set<std::string>(dialog.speakers.begin(), dialog.speakers.end()) == std::set<std::string>{"F", "M"});
      CHECK(*std::min_element(dialog.labels.begin(), dialog.labels.end()) >= 0);
      CHECK(*std::max_element(dialog.labels.begin(), dialog.labels.end()) < 6);
      for (const auto& [modality, features] : dialog.features) {
        CHECK(features.rows == dialog.utterances());
        CHECK(features.cols == 12);
        CHECK(std::all_of(features.values.begin(), features.values.end(), [](float value) { return std::isfinite(value); }));
      }
    }
}

TEST_CASE("the MELD shape has numbers for ids, nine speakers, seven classes and short dialogs") {
  const auto corpus = generate(small(Recipe::meld(), 1432));
  CHECK(corpus.classes == 7);
  CHECK(corpus.train().dialogs.size() == 1038);
  CHECK(corpus.dev().dialogs.size() == 114);
  CHECK(corpus.test().dialogs.size() == 280);
  std::set<std::string> speakers;
  std::set<int> labels;
  double utterances = 0;
  for (const auto& [name, split] : corpus.splits)
    for (const auto& dialog : split.dialogs) {
      CHECK(dialog.id.find_first_not_of("0123456789") == std::string::npos);
      CHECK(dialog.utterances() <= 33);
      speakers.insert(dialog.speakers.begin(), dialog.speakers.end());
      labels.insert(dialog.labels.begin(), dialog.labels.end());
      utterances += static_cast<double>(dialog.utterances());
    }
  CHECK(speakers == std::set<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8"});
  CHECK(labels == std::set<int>{0, 1, 2, 3, 4, 5, 6});
  CHECK(utterances / 1432 == Approx(9.6).margin(0.7));
}

TEST_CASE("a seed gives the same corpus, another seed another") {
  auto recipe = small(Recipe::iemocap(), 20);
  const auto corpus = generate(recipe);
  CHECK(equal(corpus, generate(recipe)));
  recipe.seed = 2;
  CHECK_FALSE(equal(corpus, generate(recipe)));
}

TEST_CASE("a modality does not depend on the others, nor a dialog on how many there are") {
  const auto all = generate(small(Recipe::iemocap(), 20));
  auto recipe = small(Recipe::iemocap(), 20);
  recipe.widths({{"audio", 12}});
  const auto alone = generate(recipe);
  CHECK(alone.test().dialogs[0].features.at("audio").values == all.test().dialogs[0].features.at("audio").values);
  CHECK(alone.test().dialogs[0].labels == all.test().dialogs[0].labels);
}

TEST_CASE("dialogs of a scenario are nearer to each other than to others, unless the scene is silent") {
  auto recipe = small(Recipe::iemocap(), 60);
  recipe.scenarios = 4;
  recipe.scale(&Channel::voice, 0);
  const auto ratio = [](const merc::Corpus& corpus) {
    double same = 0, other = 0;
    int sames = 0, others = 0;
    const auto& dialogs = corpus.train().dialogs;
    for (std::size_t i = 0; i < dialogs.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const bool alike = scenario(dialogs[i].id) == scenario(dialogs[j].id);
        (alike ? same : other) += distance(dialogs[i], dialogs[j], "text");
        ++(alike ? sames : others);
      }
    return (same / sames) / (other / others);
  };
  const double heard = ratio(generate(recipe));
  const double silent = ratio(generate(recipe.scale(&Channel::scene, 0)));
  CHECK(heard < 0.8);
  CHECK(heard < silent);
}

TEST_CASE("emotions are farther apart in features when they are easier") {
  const auto spread = [](double difficulty) {
    auto recipe = small(Recipe::iemocap(), 40);
    recipe.scale(&Channel::emotion, 1 / difficulty).scale(&Channel::scene, 0).scale(&Channel::voice, 0).scale(&Channel::take, 0);
    const auto corpus = generate(recipe);
    std::map<int, std::pair<double, int>> means;  // of the first column, by class
    for (const auto& dialog : corpus.train().dialogs)
      for (int64_t u = 0; u < dialog.utterances(); ++u) {
        means[dialog.labels[u]].first += dialog.features.at("text").row(u)[0];
        ++means[dialog.labels[u]].second;
      }
    double low = 1e9, high = -1e9;
    for (const auto& [label, sum] : means) {
      low = std::min(low, sum.first / sum.second);
      high = std::max(high, sum.first / sum.second);
    }
    return high - low;
  };
  CHECK(spread(0.25) > 2 * spread(1));
}

TEST_CASE("recipes that make no sense are refused") {
  auto recipe = small(Recipe::iemocap(), 2);
  CHECK_THROWS_WITH(generate(recipe), "synth: expected at least 3 dialogs, one a split, got 2");
  recipe.dialogs = 3;
  CHECK(generate(recipe).train().dialogs.size() == 1);
  recipe.scenarios = 0;
  CHECK_THROWS_WITH(generate(recipe), "synth: expected at least 1 scenario, got 0");
  recipe.scenarios = 1;
  recipe.persistence = 0.9;
  recipe.contagion = 0.2;
  CHECK_THROWS_WITH(generate(recipe), Catch::Matchers::Contains("persistence and contagion are chances"));
  CHECK_THROWS_WITH(recipe.widths({{"smell", 3}}), "no modality \"smell\" in this shape; there are: audio, text, visual");
  CHECK_THROWS_WITH(recipe.widths({{"text", 0}}), "the width of text must be at least 1, got 0");
}
