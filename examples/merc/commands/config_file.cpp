#include "commands/config_file.hpp"

#include "train/config.hpp"

#include <algorithm>
#include <numeric>

namespace merc::commands {
namespace {

/// Levenshtein's distance.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& names) {
  const auto nearest =
      std::min_element(names.begin(), names.end(), [&](const auto& a, const auto& b) { return edits(typed, a) < edits(typed, b); });
  if (nearest == names.end() || edits(typed, *nearest) > 1 + typed.size() / 3) return "";
  return " (did you mean `" + *nearest + "`?)";
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back(name);
  return names;
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  auto items = CLI::ConfigTOML::from_config(input);
  const auto file = program_.get_config_ptr()->as<std::string>();
  const auto* active = program_.get_subcommands().empty() ? nullptr : program_.get_subcommands().front();
  for (auto& item : items) {
    if (item.parents.empty() && active) item.parents = {active->get_name()};
    const auto commands =
        program_.get_subcommands([&](const CLI::App* app) { return item.parents.size() == 1 && app->get_name() == item.parents[0]; });
    if (commands.empty()) {
      std::string section;
      for (const auto& parent : item.parents) section += (section.empty() ? "" : ".") + parent;
      throw UsageError(file + ": no command named [" + section + "]; sections are train, ablate, eval and so on, or none");
    }
    if (item.name == "++" || item.name == "--") continue;
    std::replace(item.name.begin(), item.name.end(), '_', '-');
    const auto names = flag_names(*commands.front());
    if (item.name == "help" || std::find(names.begin(), names.end(), item.name) == names.end())
      throw UsageError(file + ": unknown key `" + item.name + "`" + did_you_mean(item.name, names) +
                       "; its keys are the flags of idcl-merc " + commands.front()->get_name() + " --help");
  }
  return items;
}

}  // namespace merc::commands
