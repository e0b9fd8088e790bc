#include "commands/command.hpp"
#include "commands/target.hpp"
#include "report/ablation.hpp"
#include "report/files.hpp"
#include "report/page.hpp"
#include "report/run_page.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace merc::commands {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::vector<std::string> folders;
  std::string out;
  bool overwrite = false, quiet = false;
};

/// The finished runs below the folder of a comparison, by name.
std::vector<RunFiles> runs_below(const fs::path& folder) {
  std::vector<fs::path> places;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "results.json")) places.push_back(entry.path());
  std::sort(places.begin(), places.end());
  std::vector<RunFiles> runs;
  for (const auto& place : places) runs.push_back(read_run_files(place));
  return runs;
}

/// Each run behind its name, so that a page of many stays short.
std::string folded(const std::vector<RunFiles>& runs) {
  std::string html;
  for (const auto& run : runs) html += "<details><summary>" + escaped(run.name) + "</summary>\n" + run_html(run) + "</details>\n";
  return html;
}

int run(const Flags& flags) {
  check_file_target(flags.out, flags.overwrite);
  std::vector<RunFiles> single;
  std::string comparisons;
  bool synthetic = false;
  for (const auto& folder : flags.folders) {
    if (fs::exists(fs::path(folder) / "results.json")) {
      single.push_back(read_run_files(folder));
      synthetic = synthetic || single.back().synthetic();
    } else if (fs::exists(fs::path(folder) / "summary.json")) {
      const auto comparison =
          read_json(fs::path(folder) / "summary.json", "expected the summary of idcl-merc ablate or sweep; run it again with --resume");
      if (!comparison.contains("order"))
        throw DataError(folder + "/summary.json: is of another version; run the comparison again with --resume");
      synthetic = synthetic || comparison.at("data").value("synthetic", false);
      if (flags.folders.size() > 1) comparisons += "<h2>" + escaped(folder) + "</h2>\n";
      comparisons += comparison_html(comparison) + "<h3>Runs</h3>\n" + folded(runs_below(folder));
    } else {
      throw DataError(folder + ": holds neither results.json of a finished run nor summary.json of a finished ablation or sweep");
    }
  }
  std::string body = comparisons;
  if (single.size() > 1)
    body += "<h2>Runs side by side</h2>\n" + note_html("Test split, percent.") + runs_table_html(single) + folded(single);
  if (single.size() == 1) body += (comparisons.empty() ? "" : "<h2>" + escaped(single[0].name) + "</h2>\n") + run_html(single[0]);

  const auto title = (flags.folders.size() == 1 ? flags.folders[0] : std::to_string(flags.folders.size()) + " results") +
                     (synthetic ? " (synthetic data)" : "");
  replace_file(flags.out, page_html(title, run_css, body));
  if (!flags.quiet) std::cout << "written: " << flags.out << std::endl;
  return success;
}

}  // namespace

Command report(CLI::App& program) {
  auto* app = program.add_subcommand("report", "a page of HTML of runs and comparisons: curves, classes, confusion, dialogs over time");
  const auto flags = std::make_shared<Flags>();
  app->add_option("folders", flags->folders, "folders of train, ablate or sweep")->required()->type_name("RUN");
  app->add_option("--out", flags->out, "the page")->required()->type_name("FILE");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  return {app, [=] { return run(*flags); }};
}

}  // namespace merc::commands
