#include "commands/command.hpp"
#include "commands/run.hpp"
#include "commands/target.hpp"
#include "data/rearrange.hpp"

#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace merc::commands {
namespace {

struct Flags {
  std::string in, out;
  ReadOptions read;
  std::string four_way;
  std::optional<int> test_session;
  bool overwrite = false, quiet = false;
};

int run(const Flags& flags) {
  check_target(flags.out, flags.overwrite);
  auto corpus = read(flags.in, flags.read);
  if (!flags.four_way.empty()) make_four_way(corpus, four_way_names.at(flags.four_way));
  if (flags.test_session) hold_out_session(corpus, *flags.test_session);
  write_corpus(say(std::move(corpus), flags.in, flags.quiet), flags.out);
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
  app->add_option("--four-way", flags->four_way,
                  "IEMOCAP's six classes as four, excited and frustrated left out (drop) or excited as happy (merge)")
      ->check(CLI::IsMember(&four_way_names))
      ->type_name("drop|merge");
  app->add_option("--test-session", flags->test_session, "split by session: this one is test, every tenth of the other dialogs dev")
      ->check(CLI::Range(1, 5))
      ->type_name("1..5");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in OUT");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  return {app, [=] { return run(*flags); }};
}

}  // namespace merc::commands
