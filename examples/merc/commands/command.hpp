#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

/// The commands of idcl-merc, one file each.
namespace merc::commands {

/// Exit statuses. Bad data is a DataError, bad usage a UsageError or what CLI11 throws.
enum Status : int { success = 0, bad_data = 1, bad_usage = 2, interrupted = 130 };

/// A command: its flags, and what it does once they are read.
struct Command {
  CLI::App* app;
  std::function<int()> run;
};

/// The user asked to stop, and everything is in order: what was reached.
struct Interrupted {
  std::string reached;
};

Command inspect(CLI::App& program);
Command synth(CLI::App& program);
Command convert(CLI::App& program);
Command train(CLI::App& program);
Command ablate(CLI::App& program);
Command sweep(CLI::App& program);
Command eval(CLI::App& program);
Command predict(CLI::App& program);
Command embed(CLI::App& program);
Command trajectories(CLI::App& program);
Command report(CLI::App& program);

}  // namespace merc::commands
