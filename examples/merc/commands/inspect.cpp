#include "data/inspect.hpp"
#include "commands/command.hpp"
#include "commands/run.hpp"
#include "commands/split_flags.hpp"
#include "data/corpus.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace merc::commands {
namespace {

struct Flags {
  std::string path;
  ReadOptions read;
  bool json = false, quiet = false;
};

int run(const Flags& flags, const SplitFlags& splits) {
  auto corpus = read(flags.path, flags.read);
  arrange(corpus, splits.arrangement());
  if (flags.json)
    std::cout << inspect_json(corpus).dump(2) << std::endl;
  else if (flags.quiet)
    say(std::move(corpus), flags.path, /*quiet=*/true);
  else
    inspect_table(corpus, std::cout);
  return success;
}

}  // namespace

Command inspect(CLI::App& program) {
  auto* app = program.add_subcommand("inspect", "what a file is: format, widths, types, splits, class counts, overlaps, warnings");
  const auto flags = std::make_shared<Flags>();
  app->add_option("path", flags->path, "feature pickle or folder in the open format")->required()->type_name("PATH");
  app->add_flag("--json", flags->json, "for programs");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  app->add_flag("--hap-relabel", flags->read.hap_relabel,
                "of the raw IEMOCAP tree: count as happy the undecided turns that pickles seem to count");
  const auto splits = std::make_shared<SplitFlags>(*app);
  return {app, [=] { return run(*flags, *splits); }};
}

}  // namespace merc::commands
