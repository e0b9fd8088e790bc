#include "commands/command.hpp"
#include "commands/embedding_view.hpp"
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
  std::string out, data, coordinates;
  bool overwrite = false, quiet = false;
};

/// A run and what stands below its scores.
struct Section {
  RunFiles run;
  std::string embeddings;
};

/// The finished runs below the folder of a comparison, by name: many, so that their dialogs stay out of the page.
std::vector<Section> runs_below(const fs::path& folder) {
  std::vector<fs::path> places;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "results.json")) places.push_back(entry.path());
  std::sort(places.begin(), places.end());
  std::vector<Section> runs;
  for (const auto& place : places) runs.push_back({read_run_files(place), ""});
  return runs;
}

/// A run named on the command line, its dialogs as its encoders see them at the end. Where the corpus is not where the run found it, the
/// page says so instead, unless it was asked for.
Section section_of(const fs::path& folder, EmbeddingViews& views, std::size_t& groups) {
  Section section{read_run_files(folder), ""};
  try {
    const auto view = views.of(folder, section.run);
    groups = std::max(groups, view.names.size());
    section.embeddings = embedding_html(view);
  } catch (const DataError& error) {
    if (views.is_asked()) throw;
    section.embeddings = note_html(std::string("No map of the dialogs: ") + error.what() + ".");
  }
  return section;
}

/// Each run behind its name, so that a page of many stays short.
std::string folded(const std::vector<Section>& sections) {
  std::string html;
  for (const auto& [run, embeddings] : sections)
    html += "<details><summary>" + escaped(run.name) + "</summary>\n" + run_html(run) + embeddings + "</details>\n";
  return html;
}

std::vector<RunFiles> runs_of(const std::vector<Section>& sections) {
  std::vector<RunFiles> runs;
  for (const auto& section : sections) runs.push_back(section.run);
  return runs;
}

int run(const Flags& flags) {
  check_file_target(flags.out, flags.overwrite);
  EmbeddingViews views(flags.data, flags.coordinates);
  std::size_t groups = 0;
  std::vector<Section> single;
  std::string comparisons;
  bool synthetic = false;
  for (const auto& folder : flags.folders) {
    if (const bool compares = fs::exists(fs::path(folder) / "summary.json"); !compares && fs::exists(fs::path(folder) / "results.json")) {
      single.push_back(section_of(folder, views, groups));
      synthetic = synthetic || single.back().run.synthetic();
    } else if (compares) {
      const auto comparison =
          read_json(fs::path(folder) / "summary.json", "expected the summary of idcl-merc ablate or sweep; run it again with --resume");
      if (!comparison.contains("selection"))
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
    body += "<h2>Runs side by side</h2>\n" + note_html("Test split, percent.") + runs_table_html(runs_of(single)) + folded(single);
  if (single.size() == 1)
    body += (comparisons.empty() ? "" : "<h2>" + escaped(single[0].run.name) + "</h2>\n") + run_html(single[0].run) + single[0].embeddings;

  const auto title = (flags.folders.size() == 1 ? flags.folders[0] : std::to_string(flags.folders.size()) + " results") +
                     (synthetic ? " (synthetic data)" : "");
  replace_file(flags.out, page_html(title, run_css + embedding_css(groups), body));
  if (!flags.quiet) std::cout << "written: " << flags.out << std::endl;
  return success;
}

}  // namespace

Command report(CLI::App& program) {
  auto* app = program.add_subcommand(
      "report", "a page of HTML of runs and comparisons: curves, classes, confusion, dialogs over time and on a map, positives found");
  const auto flags = std::make_shared<Flags>();
  app->add_option("folders", flags->folders, "folders of train, ablate or sweep")->required()->type_name("RUN");
  app->add_option("--out", flags->out, "the page")->required()->type_name("FILE");
  app->add_option("--data", flags->data, "the corpus of the runs, for the map of dialogs and their positives [where training found it]")
      ->type_name("PATH");
  app->add_option("--coordinates", flags->coordinates,
                  "points for the dialogs, drawn as well: vid, x and y, tabs between them (UMAP, t-SNE)")
      ->type_name("FILE");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  return {app, [=] { return run(*flags); }};
}

}  // namespace merc::commands
