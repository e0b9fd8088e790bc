#include "commands/command.hpp"
#include "commands/run.hpp"
#include "commands/split_flags.hpp"
#include "commands/target.hpp"
#include "data/open_format.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace merc::commands {
namespace {

struct Flags {
  std::string in, out;
  ReadOptions read;
  bool overwrite = false, quiet = false;
};

int run(const Flags& flags, const SplitFlags& splits) {
  check_target(flags.out, flags.overwrite);
  auto corpus = read(flags.in, flags.read);
  arrange(corpus, splits.arrangement());
  const auto said = say(std::move(corpus), flags.in, flags.quiet);
  write_corpus(said, flags.out);
  if (flags.out.ends_with(".pkl")) warn(flags.out, lost_in_corect_pickle(said));
  if (!flags.quiet) std::cout << "written: " << flags.out << std::endl;
  return success;
}

}  // namespace

Command convert(CLI::App& program) {
  auto* app =
      program.add_subcommand("convert", "write a corpus of any known format as a CORECT pickle (OUT.pkl) or in the open format (a folder)");
  const auto flags = std::make_shared<Flags>();
  app->add_option("in", flags->in, "feature pickle or folder")->required()->type_name("IN");
  app->add_option("out", flags->out, "OUT.pkl or a folder")->required()->type_name("OUT");
  app->add_flag("--hap-relabel", flags->read.hap_relabel,
                "of the raw IEMOCAP tree: count as happy the undecided turns that pickles seem to count");
  const auto splits = std::make_shared<SplitFlags>(*app);
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in OUT");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  return {app, [=] { return run(*flags, *splits); }};
}

}  // namespace merc::commands
