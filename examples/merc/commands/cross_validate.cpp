#include "commands/cross_validate.hpp"

#include "commands/command.hpp"
#include "report/cross_validation.hpp"
#include "report/files.hpp"
#include "report/score_text.hpp"

#include <iostream>
#include <optional>

namespace merc::commands {

int cross_validate(const TrainFlags& flags, const JobFlags& jobs, const Variant& setting) {
  check_output(flags.out(), flags.existing());
  const auto data = load_and_say(flags);
  Folds folds(data, flags.splits().folds());
  std::optional<Corpus> pretrain;
  if (setting.config.ablation == Ablation::C) pretrain = load_and_say(flags.pretrain_data(), flags.quiet());

  OutputFolder folder(flags.out(), flags.existing());
  const auto trained = train_all(folder, {setting}, 1, {folds, pretrain ? OptionalCorpus(*pretrain) : std::nullopt}, jobs.of(flags),
                                 verbosity(flags.quiet()));
  if (!trained.failure.empty()) throw DataError(trained.failure);

  const auto pooled = pool_folds(trained.settings.front().runs.begin()->second, folds, setting.config);
  const auto comparison = compare_settings(trained.settings, folds);
  replace_file(folder.path() / "summary.json", comparison.dump(2) + '\n');
  replace_file(folder.path() / "predictions.csv", pooled.predictions);
  replace_file(folder.path() / "results.json", pooled.results.dump(2) + '\n');
  folder.done();
  if (flags.json()) std::cout << pooled.results.dump(2) << std::endl;
  if (flags.quiet()) return success;
  std::cout << "\nall folds: " << score_text(pooled.scores, data.label_names) << '\n'
            << comparison_text(comparison) << "results: " << (folder.path() / "results.json").string()
            << ", predictions.csv and one folder a fold beside it" << std::endl;
  return success;
}

}  // namespace merc::commands
