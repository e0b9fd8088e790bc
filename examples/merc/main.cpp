#include "commands/command.hpp"
#include "commands/config_file.hpp"
#include "data/corpus.hpp"
#include "data/printable.hpp"
#include "train/config.hpp"

#include <idcl/version.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace merc::commands;

std::string version() {
  const auto [major, minor, patch] = idcl::version;
  return "idcl-merc " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

/// What is wrong, in one line.
int fail(const std::string& message, int status) {
  std::cerr << "idcl-merc: " << merc::printable(message) << std::endl;
  return status;
}

/// The first line of a message: LibTorch adds where in its source it was thrown.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What the parser says, with the name of the flag or command that was meant.
int misused(const CLI::App& program, const CLI::ParseError& error) {
  const auto parsed = program.get_subcommands();
  const auto& app = parsed.empty() ? program : *parsed.front();
  const auto help = "; see " + (parsed.empty() ? "idcl-merc" : "idcl-merc " + app.get_name()) + " --help";
  const auto words = program.remaining(true);
  for (const auto& word : words)
    if (word.starts_with("--")) {
      const auto flag = word.substr(2, word.find('=') - 2);
      return fail("unknown flag --" + flag + did_you_mean(flag, flag_names(app)) + help, bad_usage);
    }
  if (parsed.empty() && !words.empty()) {
    std::vector<std::string> names;
    for (const auto* command : program.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
    return fail("unknown command " + words.front() + did_you_mean(words.front(), names) + help, bad_usage);
  }
  return fail(error.what() + help, bad_usage);
}

/// CLI11 lets the error of a number pass where a flag that is on or off was given a value that is neither.
void parse(CLI::App& program, int argc, char** argv) {
  const CLI::ConversionError neither("a flag that is on or off was given a value that is neither true nor false",
                                     CLI::ExitCodes::ConversionError);
  try {
    program.parse(argc, argv);
  } catch (const merc::UsageError&) {
    throw;
  } catch (const std::invalid_argument&) {
    throw neither;
  } catch (const std::out_of_range&) {
    throw neither;
  }
}

/// The status, unless what was said is lost: on a full disk, say.
int written(int status) {
  std::cout.flush();
  return status == success && !std::cout ? fail("standard output cannot be written", bad_data) : status;
}

/// A word as a shell would need it.
std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%") == std::string::npos)
    return word;
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? "'\\''" : std::string(1, letter);
  return text + "'";
}

/// The command that goes on with an interrupted one: the same with --resume.
std::string resumption(int argc, const char* const* argv) {
  std::string line;
  for (int i = 0; i < argc; ++i)
    if (const std::string word = argv[i]; word != "--overwrite" && word != "--resume") line += quoted(word) + ' ';
  return line + "--resume";
}

}  // namespace

int main(int argc, char** argv) {
#ifdef SIGXFSZ
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write, not the end of the program
#endif
  CLI::App program{"Emotion recognition in conversation with inter-dialog contrastive learning.", "idcl-merc"};
  program.set_version_flag("--version", version());
  program.require_subcommand(1);
  program.fallthrough();
  program.get_formatter()->column_width(34);
  program.config_formatter(std::make_shared<ConfigFile>(program));
  program.set_config("--config", "", "TOML file; its keys are the flags of the command, flags win")->type_name("FILE");
  const Command commands[] = {inspect(program), synth(program),   convert(program), train(program),  ablate(program),      sweep(program),
                              eval(program),    predict(program), embed(program),   report(program), trajectories(program)};

  try {
    parse(program, argc, argv);
    for (const auto& command : commands)
      if (command.app->parsed()) return written(command.run());
    return success;
  } catch (const CLI::Success& help) {
    return written(program.exit(help));
  } catch (const CLI::ParseError& error) {
    return misused(program, error);
  } catch (const Interrupted& stop) {
    std::cerr << "idcl-merc: stopped: " << stop.reached << "\ngo on with: " << resumption(argc, argv) << std::endl;
    return interrupted;
  } catch (const merc::UsageError& error) {
    return fail(error.what(), bad_usage);
  } catch (const merc::DataError& error) {
    return fail(error.what(), bad_data);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", bad_data);
  } catch (const std::exception& error) {
    return fail(first_line(error.what()), bad_data);
  }
}
