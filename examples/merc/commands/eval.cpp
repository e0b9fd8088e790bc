#include "commands/command.hpp"
#include "commands/run.hpp"
#include "commands/weights.hpp"
#include "report/files.hpp"
#include "report/score_text.hpp"
#include "train/fit.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace merc::commands {
namespace {

struct Flags {
  std::string out;
  bool json = false, quiet = false, overwrite = false;
};

int run(const WeightsFlags& asked, const Flags& flags) {
  const auto existing = flags.overwrite ? Existing::Overwrite : Existing::Refuse;
  if (!flags.out.empty()) check_output(flags.out, existing);
  const auto model = asked.classifier();
  const auto data = asked.load(flags.quiet || flags.json);

  nlohmann::json results{{"data", data_json(data, std::nullopt)}, {"weights", asked.source()}};
  std::string csv;
  for (const auto& split : asked.splits(data)) {
    check_labelled(data, split, " to compare with; take predict");
    const auto predictions = model.predict(data, split);
    const auto scores = score(predictions);
    results[split] = scores_json(scores, data.label_names);
    csv = predictions_csv(predictions, data.split(split));
    if (!flags.json && !flags.quiet) std::cout << '\n' << split << ": " << score_text(scores, data.label_names);
  }
  if (flags.json) std::cout << results.dump(2) << std::endl;
  if (flags.out.empty()) return success;
  OutputFolder folder(flags.out, existing, Unfinished::Removed);
  replace_file(folder.path() / "predictions.csv", csv);
  replace_file(folder.path() / "results.json", results.dump(2) + '\n');
  folder.done();
  if (!flags.json && !flags.quiet)
    std::cout << "\nresults: " << (folder.path() / "results.json").string() << ", predictions.csv of the last split beside it\n";
  return success;
}

}  // namespace

Command eval(CLI::App& program) {
  auto* app = program.add_subcommand("eval", "score trained weights on a corpus");
  const auto flags = std::make_shared<Flags>();
  const auto asked = std::make_shared<WeightsFlags>(*app, std::vector<std::string>{"test"});
  app->add_option("--out", flags->out, "folder for results.json and predictions.csv")->type_name("DIR");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--json", flags->json, "print the scores as JSON");
  app->add_flag("--quiet", flags->quiet, "print warnings only");
  return {app, [=] { return run(*asked, *flags); }};
}

}  // namespace merc::commands
