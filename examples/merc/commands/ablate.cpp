#include "commands/bounds.hpp"
#include "commands/command.hpp"
#include "commands/train_all.hpp"
#include "commands/train_flags.hpp"
#include "report/ablation.hpp"
#include "report/files.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

namespace merc::commands {
namespace {

struct Plan {
  int seeds = 3;
  std::vector<std::string> settings;
};

/// What comes before the folders of the runs are looked at: usage errors that need no data.
std::vector<std::string> settings(const Plan& plan, bool pretrain) {
  auto chosen = plan.settings;
  if (chosen.empty()) chosen = pretrain ? std::vector<std::string>{"A", "B", "C"} : std::vector<std::string>{"A", "B"};
  if (!pretrain && std::find(chosen.begin(), chosen.end(), "C") != chosen.end())
    throw UsageError("setting C pre-trains on another corpus: name it by --pretrain-data PATH, or take --settings A,B");
  return chosen;
}

int run(const TrainFlags& flags, const JobFlags& jobs, const Plan& plan) {
  const auto chosen = settings(plan, !flags.pretrain_data().empty());
  std::vector<Variant> variants;
  for (const auto& setting : chosen) variants.push_back({setting, flags.config({{"ablation", setting}})});
  const bool quiet = flags.quiet();
  check_output(flags.out(), flags.existing());
  const auto data = load_and_say(flags);
  Folds folds(data, flags.splits().folds());
  std::optional<Corpus> pretrain;
  if (std::find(chosen.begin(), chosen.end(), "C") != chosen.end()) pretrain = load_and_say(flags.pretrain_data(), quiet);

  OutputFolder folder(flags.out(), flags.existing());
  const auto trained = train_all(folder, variants, plan.seeds, {folds, pretrain ? OptionalCorpus(*pretrain) : std::nullopt}, jobs.of(flags),
                                 verbosity(quiet));
  if (!trained.settings.empty()) {
    auto comparison = compare_settings(trained.settings, folds);
    if (folds.size() == 1) comparison["paper"] = paper_figures();  // which are of one split
    replace_file(folder.path() / "summary.json", comparison.dump(2) + '\n');
    if (flags.json())
      std::cout << comparison.dump(2) << std::endl;
    else
      std::cout << '\n'
                << comparison_text(comparison) << "\nresults: " << (folder.path() / "summary.json").string()
                << ", one folder a run beside it" << std::endl;
  }
  if (!trained.failure.empty()) throw DataError(trained.failure);
  folder.done();
  return success;
}

}  // namespace

Command ablate(CLI::App& program) {
  auto* app = program.add_subcommand("ablate", "train A, B and C over several seeds and compare them, the paper's numbers beside");
  const auto flags = std::make_shared<TrainFlags>(*app);
  const auto jobs = std::make_shared<JobFlags>(*app);
  const auto plan = std::make_shared<Plan>();
  app->add_option("--seeds", plan->seeds, "how many, from --seed on")->check(at_least(1))->capture_default_str();
  app->add_option("--settings", plan->settings, "which of A, B, C [all that the data allow]")
      ->delimiter(',')
      ->check(CLI::IsMember({"A", "B", "C"}));
  return {app, [=] { return run(*flags, *jobs, *plan); }};
}

}  // namespace merc::commands
