#include "commands/bounds.hpp"
#include "commands/command.hpp"
#include "commands/settings.hpp"
#include "commands/train_all.hpp"
#include "commands/train_flags.hpp"
#include "report/files.hpp"
#include "report/run_files.hpp"
#include "report/statistics.hpp"
#include "report/table.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

namespace merc::commands {
namespace {

struct Plan {
  int seeds = 3;
  Search search;
  std::string ablation;
};

std::vector<Variant> variants_of(const TrainFlags& flags, const Plan& plan) {
  std::vector<Variant> variants;
  for (const auto& setting : settings_of(plan.search, flags.seed())) {
    auto all = setting;
    all.emplace(all.begin(), "ablation", flags.setting(plan.ablation));  // a key of the search comes later and wins
    variants.push_back({name_of(setting), flags.config(all)});
  }
  return variants;
}

/// The settings by their mean weighted F1 on dev, over seeds and folds, the best first; none where there is no dev split.
nlohmann::json ranking_of(const Settings& settings) {
  auto ranking = nlohmann::json::array();
  for (const auto& setting : settings) {
    std::vector<double> dev, test;
    for (const auto& [seed, folders] : setting.runs)
      for (const auto& folder : folders) {
        const auto results = read_json(folder / "results.json", "train it anew");
        if (!results.contains("dev") || !results.contains("test")) return nlohmann::json::array();
        dev.push_back(results["dev"]["weighted_f1"]);
        test.push_back(results["test"]["weighted_f1"]);
      }
    ranking.push_back(
        {{"setting", setting.name}, {"dev_weighted_f1", summarize(dev).mean}, {"test_weighted_f1", summarize(test).mean}});
  }
  std::stable_sort(ranking.begin(), ranking.end(),
                   [](const auto& a, const auto& b) { return a["dev_weighted_f1"] > b["dev_weighted_f1"]; });
  return ranking;
}

void tell(const nlohmann::json& comparison, const std::string& first, const std::filesystem::path& folder) {
  std::cout << '\n' << comparison_text(comparison) << "Differences are to " << first << ".\n";
  if (const auto& ranking = comparison.at("ranking"); !ranking.empty())
    std::cout << "best on dev: " << ranking[0]["setting"].get<std::string>() << ", weighted F1 " << percent(ranking[0]["dev_weighted_f1"])
              << " on dev, " << percent(ranking[0]["test_weighted_f1"]) << " on test\n";
  std::cout << "results: " << (folder / "summary.json").string() << ", one folder a run beside it" << std::endl;
}

int run(const TrainFlags& flags, const JobFlags& jobs, const Plan& plan) {
  const auto variants = variants_of(flags, plan);
  const bool quiet = flags.quiet();
  const bool pretrained = std::any_of(variants.begin(), variants.end(), [](const auto& one) { return one.config.ablation == Ablation::C; });
  if (pretrained) (void)flags.setting("C");
  check_output(flags.out(), flags.existing());
  const auto data = load_and_say(flags);
  Folds folds(data, flags.splits().folds());
  std::optional<Corpus> pretrain;
  if (pretrained) pretrain = load_and_say(flags.pretrain_data(), quiet);

  OutputFolder folder(flags.out(), flags.existing());
  const auto trained = train_all(folder, variants, plan.seeds, {folds, pretrain ? OptionalCorpus(*pretrain) : std::nullopt}, jobs.of(flags),
                                 verbosity(quiet));
  if (!trained.settings.empty()) {
    const auto& first = trained.settings.front().name;
    auto comparison = compare_settings(trained.settings, folds, first);
    comparison["ranking"] = ranking_of(trained.settings);
    replace_file(folder.path() / "summary.json", comparison.dump(2) + '\n');
    if (flags.json())
      std::cout << comparison.dump(2) << std::endl;
    else
      tell(comparison, first, folder.path());
  }
  if (!trained.failure.empty()) throw DataError(trained.failure);
  folder.done();
  return success;
}

}  // namespace

Command sweep(CLI::App& program) {
  auto* app =
      program.add_subcommand("sweep", "train settings of a grid, or drawn at random, over several seeds and compare them with the first");
  const auto flags = std::make_shared<TrainFlags>(*app);
  const auto jobs = std::make_shared<JobFlags>(*app);
  const auto plan = std::make_shared<Plan>();
  app->add_option("--grid", plan->search.grid,
                  "a flag of training and its values, temperature=0.05,0.1; lists by +, modalities=t,t+a; repeatable, every combination")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE,VALUE");
  app->add_option("--random", plan->search.random, "how many settings to draw from the ranges, by --seed")->check(at_least(1));
  app->add_option("--range", plan->search.ranges,
                  "a flag of training to draw, idcl-weight=0.01:1, learning-rate=log:1e-5:1e-3 or fusion=linear,gated; repeatable")
      ->allow_extra_args(false)
      ->type_name("KEY=LOW:HIGH");
  app->add_option("--seeds", plan->seeds, "how many, from --seed on")->check(at_least(1))->capture_default_str();
  app->add_option("--ablation", plan->ablation, "A, B or C, as in train")->check(CLI::IsMember({"A", "B", "C"}));
  return {app, [=] { return run(*flags, *jobs, *plan); }};
}

}  // namespace merc::commands
