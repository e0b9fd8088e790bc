#include "commands/command.hpp"
#include "commands/train_all.hpp"
#include "commands/train_flags.hpp"
#include "report/files.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

namespace merc::commands {
namespace {

struct Plan {
  int seeds = 3;
  std::vector<std::string> grid;
  std::string ablation;
};

/// A key and the values that it takes.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

Axis axis_of(const std::string& text) {
  const auto equals = text.find('=');
  Axis axis{text.substr(0, equals), {}};
  if (equals != std::string::npos) {
    std::istringstream rest(text.substr(equals + 1));
    for (std::string value; std::getline(rest, value, ',');) axis.values.push_back(value);
  }
  auto sorted = axis.values;
  std::sort(sorted.begin(), sorted.end());
  const bool twice = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  if (axis.key.empty() || axis.values.empty() || twice || sorted.front().empty())
    throw UsageError("--grid: expected KEY=VALUE,VALUE..., each value once, such as temperature=0.1,0.2, got " + text);
  if (axis.key == "seed") throw UsageError("--grid: seeds are no setting; say how many by --seeds N");
  return axis;
}

/// Every combination of the values, the last key changing fastest.
std::vector<Assignments> combinations(const std::vector<std::string>& grid) {
  std::vector<Assignments> all{{}};
  for (const auto& text : grid) {
    const auto axis = axis_of(text);
    std::vector<Assignments> longer;
    for (const auto& before : all)
      for (const auto& value : axis.values) {
        if (std::any_of(before.begin(), before.end(), [&](const auto& one) { return one.first == axis.key; }))
          throw UsageError("--grid: " + axis.key + " is there twice");
        longer.push_back(before);
        longer.back().emplace_back(axis.key, value);
      }
    all = std::move(longer);
    if (all.size() > 1000) throw UsageError("--grid: more than 1000 settings; leave out some values");
  }
  if (all.size() < 2) throw UsageError("--grid: one setting alone is no sweep; give a key two values, or use idcl-merc train");
  return all;
}

std::string name_of(const Assignments& assignments) {
  std::string name;
  for (const auto& [key, value] : assignments) name += (name.empty() ? "" : ",") + key + '=' + value;
  return name;
}

std::vector<Variant> variants_of(const TrainFlags& flags, const Plan& plan) {
  std::vector<Variant> variants;
  for (const auto& assignments : combinations(plan.grid)) {
    auto all = assignments;
    all.emplace(all.begin(), "ablation", flags.setting(plan.ablation));  // a key of the grid comes later and wins
    variants.push_back({name_of(assignments), flags.config(all)});
  }
  return variants;
}

int run(const TrainFlags& flags, const Plan& plan) {
  const auto variants = variants_of(flags, plan);
  const bool quiet = flags.quiet();
  const bool pretrained = std::any_of(variants.begin(), variants.end(), [](const auto& one) { return one.config.ablation == Ablation::C; });
  if (pretrained) (void)flags.setting("C");
  check_output(flags.out(), flags.existing());
  const auto data = load_and_say(flags.data(), quiet);
  std::optional<Corpus> pretrain;
  if (pretrained) pretrain = load_and_say(flags.pretrain_data(), quiet);

  OutputFolder folder(flags.out(), flags.existing());
  const auto trained = train_all(folder, variants, plan.seeds, data, pretrain ? OptionalCorpus(*pretrain) : std::nullopt, verbosity(quiet));
  const auto comparison = compare_settings(trained, data, variants.front().name);
  replace_file(folder.path() / "summary.json", comparison.dump(2) + '\n');
  folder.done();
  std::cout << '\n'
            << comparison_text(comparison) << "Differences are to " << variants.front().name
            << ".\nresults: " << (folder.path() / "summary.json").string() << ", one folder a run beside it\n";
  return success;
}

}  // namespace

Command sweep(CLI::App& program) {
  auto* app = program.add_subcommand("sweep", "train every combination of some values over several seeds and compare them with the first");
  const auto flags = std::make_shared<TrainFlags>(*app);
  const auto plan = std::make_shared<Plan>();
  app->add_option("--grid", plan->grid, "a flag of training and its values, temperature=0.05,0.1; lists by +, modalities=t,t+a; repeatable")
      ->required()
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE,VALUE");
  app->add_option("--seeds", plan->seeds, "how many, from --seed on")->check(CLI::PositiveNumber)->capture_default_str();
  app->add_option("--ablation", plan->ablation, "A, B or C, as in train")->check(CLI::IsMember({"A", "B", "C"}));
  return {app, [=] { return run(*flags, *plan); }};
}

}  // namespace merc::commands
