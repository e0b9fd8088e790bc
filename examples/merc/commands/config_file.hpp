#pragma once

#include <CLI/CLI.hpp>

#include <istream>
#include <string>
#include <vector>

namespace merc::commands {

/// The most similar of `names` to what somebody typed, as " (did you mean `x`?)"; empty where none is near.
std::string did_you_mean(const std::string& typed, const std::vector<std::string>& names);

/// The names of the flags of a command, without dashes.
std::vector<std::string> flag_names(const CLI::App& app);

/// The format of --config: TOML whose keys are the flags of the command that runs.
///
/// Keys at the top of the file belong to that command; keys under [train], [ablate] ... to the command of that name alone, so that one file
/// may serve several. What stands on the command line wins. A key that is no flag is a UsageError.
class ConfigFile : public CLI::ConfigTOML {
 public:
  explicit ConfigFile(const CLI::App& program) : program_(program) {}
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App& program_;
};

}  // namespace merc::commands
