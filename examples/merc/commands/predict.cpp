#include "commands/command.hpp"
#include "commands/run.hpp"
#include "commands/target.hpp"
#include "commands/weights.hpp"
#include "report/files.hpp"

#include <iostream>
#include <memory>
#include <string>

namespace merc::commands {
namespace {

struct Flags {
  std::string out;
  bool quiet = false, overwrite = false;
};

int run(const WeightsFlags& asked, const Flags& flags) {
  check_file_target(flags.out, flags.overwrite);
  const auto model = asked.classifier();
  const auto data = asked.read(flags.quiet);
  std::string csv;
  int64_t utterances = 0;
  for (const auto& split : asked.splits(data)) {
    const auto rows = predictions_csv(model.predict(data, split), data.split(split));
    csv += csv.empty() ? rows : rows.substr(rows.find('\n') + 1);  // one head
    utterances += data.split(split).utterances();
  }
  replace_file(flags.out, csv);
  if (!flags.quiet) std::cout << "written: " << flags.out << ", " << utterances << " utterances" << std::endl;
  return success;
}

}  // namespace

Command predict(CLI::App& program) {
  auto* app = program.add_subcommand("predict", "label the utterances of a corpus, which needs no labels: a CSV file with probabilities");
  const auto asked = std::make_shared<WeightsFlags>(*app, std::vector<std::string>{});
  const auto flags = std::make_shared<Flags>();
  app->add_option("--out", flags->out, "CSV file: vid, utterance, speaker, truth (-1: none), prediction, a probability a class")
      ->required()
      ->type_name("FILE");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  return {app, [=] { return run(*asked, *flags); }};
}

}  // namespace merc::commands
