#include "commands/command.hpp"
#include "commands/cross_validate.hpp"
#include "commands/run.hpp"
#include "commands/train_all.hpp"
#include "report/score_text.hpp"

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

namespace merc::commands {
namespace {

int run(const TrainFlags& flags, const JobFlags& jobs, const std::string& ablation) {
  const auto setting = flags.setting(ablation);
  const auto config = flags.config({{"ablation", setting}});
  if (flags.splits().folds() != FoldBy::File) return cross_validate(flags, jobs, {setting, config});
  if (jobs.said()) throw UsageError("--jobs and --memory-limit-mib are for the runs of --folds; one run is one process");
  const bool needs_pretrain = config.ablation == Ablation::C;
  check_output(flags.out(), flags.existing());
  const auto data = load_and_say(flags);
  std::optional<Corpus> pretrain;
  if (needs_pretrain) pretrain = load_and_say(flags.pretrain_data(), flags.quiet());

  OutputFolder folder(flags.out(), flags.existing());
  if (!folder.previous().empty() && !flags.quiet())
    std::cout << "the old result stays in " << folder.previous().string() << " until this one is done\n";
  const auto outcome =
      train_into(folder, data, pretrain ? OptionalCorpus(*pretrain) : std::nullopt, config, "train", verbosity(flags.quiet()));
  folder.done();
  if (flags.json()) std::cout << std::ifstream(folder.path() / "results.json").rdbuf() << std::flush;
  if (flags.quiet()) return success;

  for (const auto& [split, predictions] : outcome.predictions)
    std::cout << '\n' << split << ": " << score_text(score(predictions), data.label_names);
  std::cout << "\nweights of epoch " << outcome.best_epoch << "; the best test score of any epoch was weighted F1 "
            << percent(outcome.peak_test.weighted_f1) << " at epoch " << outcome.peak_test.epoch
            << ", which no honest selection can claim\n"
            << duration(outcome.seconds_per_epoch) << " an epoch of fine-tuning, at most " << static_cast<int64_t>(outcome.peak_rss_mib)
            << " MiB\n"
            << "results: " << (folder.path() / "results.json").string() << ", metrics.jsonl and predictions.csv beside it\n";
  return success;
}

}  // namespace

Command train(CLI::App& program) {
  auto* app = program.add_subcommand("train", "train one model: --out gets results.json, metrics.jsonl, predictions.csv, the weights");
  const auto flags = std::make_shared<TrainFlags>(*app);
  const auto jobs = std::make_shared<JobFlags>(*app);
  const auto ablation = std::make_shared<std::string>();
  app->add_option("--ablation", *ablation, "A: cross-entropy, B: + contrastive term, C: + pre-training [C with --pretrain-data, else B]")
      ->check(CLI::IsMember({"A", "B", "C"}));
  return {app, [=] { return run(*flags, *jobs, *ablation); }};
}

}  // namespace merc::commands
