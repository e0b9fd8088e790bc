#include "synth/plan.hpp"

#include "synth/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace merc::synth {
namespace {

/// How many of `total` dialogs go to a split with `share` of `of` in the real corpus: at least one.
int portion(int total, double share, double of) { return std::max(1, static_cast<int>(std::lround(total * share / of))); }

/// "impro01" to "impro08", "script01_1" to "script03_2" as IEMOCAP has them; "impro09" and so on beyond.
std::string scenario_name(int scenario) {
  static constexpr std::array scripts{"01_1", "01_2", "01_3", "02_1", "02_2", "03_1", "03_2"};
  const int script = scenario - 8;
  if (script >= 0 && script < static_cast<int>(scripts.size())) return std::string("script") + scripts[script];
  const int number = scenario < 8 ? scenario + 1 : scenario + 1 - static_cast<int>(scripts.size());
  return std::string("impro") + (number < 10 ? "0" : "") + std::to_string(number);
}

/// "" for the first take, then "b", "c", ... "z", "ba", ...
std::string take_name(int take) {
  std::string name;
  for (; take > 0; take /= 26) name.insert(name.begin(), static_cast<char>('a' + take % 26));
  return name;
}

/// `count` dialogs of a session.
std::vector<Plan> session(const Recipe& recipe, int number, int count) {
  Stream stream(recipe.seed, {"session", std::to_string(number)});
  const auto session_name = "Ses0" + std::to_string(number);
  std::vector<Plan> plans;
  for (int take = 0; static_cast<int>(plans.size()) < count; ++take) {
    std::vector<std::pair<int, char>> deck;
    for (int scenario = 0; scenario < recipe.scenarios; ++scenario)
      for (const char front : {'F', 'M'}) deck.emplace_back(scenario, front);
    stream.shuffle(deck);
    deck.resize(std::min<std::size_t>(deck.size(), count - plans.size()));
    for (const auto& [scenario, front] : deck)
      plans.push_back({.id = session_name + front + "_" + scenario_name(scenario) + take_name(take),
                       .scenario = scenario,
                       .voices = {session_name + "F", session_name + "M"},
                       .speakers = {"F", "M"}});
  }
  return plans;
}

Plans plan_iemocap(const Recipe& recipe) {
  const int test = portion(recipe.dialogs, 31, 151);
  const int rest = recipe.dialogs - test;
  Plans plans;
  plans.test = session(recipe, 5, test);
  for (int number = 1; number <= 4; ++number) {
    auto more = session(recipe, number, rest / 4 + (number <= rest % 4));
    std::move(more.begin(), more.end(), std::back_inserter(plans.train));
  }
  Stream(recipe.seed, {"order"}).shuffle(plans.train);
  const auto end_of_dev = plans.train.begin() + std::max(1, rest / 10);
  plans.dev.assign(std::make_move_iterator(plans.train.begin()), std::make_move_iterator(end_of_dev));
  plans.train.erase(plans.train.begin(), end_of_dev);
  return plans;
}

Plans plan_meld(const Recipe& recipe) {
  constexpr int people = 9, leads = 6;
  Plans plans;
  const int dev = portion(recipe.dialogs, 114, 1432), test = portion(recipe.dialogs, 280, 1432);
  const int train = recipe.dialogs - dev - test;
  for (int number = 0; number < recipe.dialogs; ++number) {
    Plan plan{.id = std::to_string(number), .scenario = 0, .voices = {}, .speakers = {}};
    Stream stream(recipe.seed, {"scene", plan.id});
    plan.scenario = stream.below(recipe.scenarios);
    std::vector<int> cast(people);
    for (int i = 0; i < people; ++i) cast[i] = i;
    stream.shuffle(cast);
    std::stable_partition(cast.begin(), cast.end(), [&](int person) { return person < leads || stream.uniform() < 0.3; });
    cast.resize(2 + stream.below(3));
    for (const int person : cast) {
      plan.speakers.push_back(std::to_string(person));
      plan.voices.push_back("person" + std::to_string(person));
    }
    auto& split = number < train ? plans.train : number < train + dev ? plans.dev : plans.test;
    split.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace

Plans plan(const Recipe& recipe) { return recipe.shape == Shape::Iemocap ? plan_iemocap(recipe) : plan_meld(recipe); }

}  // namespace merc::synth
