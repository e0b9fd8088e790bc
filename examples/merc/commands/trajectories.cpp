#include "commands/command.hpp"
#include "commands/run.hpp"
#include "report/files.hpp"
#include "report/table.hpp"
#include "report/trajectory_page.hpp"
#include "synth/recipe.hpp"
#include "trajectory/measures.hpp"
#include "trajectory/neighbors.hpp"
#include "trajectory/plane.hpp"
#include "trajectory/retrieval.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace merc::commands {
namespace {

struct Flags {
  std::string data, out;
  std::vector<std::string> measures;
  bool json = false, quiet = false, overwrite = false;
};

/// The labelled dialogs of all splits, by scenario.
struct Dialogs {
  std::vector<std::string> ids;
  std::vector<LabelSequence> labels;
  std::vector<int64_t> lengths;
  std::vector<int> groups;  ///< of each dialog, into `scenarios`
  std::vector<std::string> scenarios;
  std::map<std::string, std::vector<const Matrix*>> features;  ///< modality -> the corpus's, of each dialog
};

Dialogs gather(const Corpus& corpus) {
  Dialogs dialogs;
  for (const auto* split : split_names) {
    if (!corpus.has(split)) continue;
    for (const auto& dialog : corpus.split(split).dialogs) {
      auto labels = labels_of(dialog);
      if (labels.empty()) continue;
      const auto name = scenario(dialog.id);
      if (name.empty())
        throw DataError(
            corpus.path + ": dialog " + dialog.id + " (" + split +
            ") has an id without a scenario, as Ses01F_impro01 has one; retrieval needs to know which dialogs are the same story");
      dialogs.ids.push_back(dialog.id);
      dialogs.lengths.push_back(static_cast<int64_t>(labels.size()));
      dialogs.labels.push_back(std::move(labels));
      dialogs.scenarios.push_back(name);
      for (const auto& [modality, rows] : dialog.features) dialogs.features[modality].push_back(&rows);
    }
  }
  if (dialogs.ids.size() < 2)
    throw DataError(corpus.path + ": " + std::to_string(dialogs.ids.size()) + " labelled dialogs; a comparison needs two");
  auto groups = group_by(dialogs.scenarios);
  dialogs.groups = std::move(groups.of);
  dialogs.scenarios = std::move(groups.names);
  return dialogs;
}

struct Row {
  std::string name, options;
  Retrieval found;
  double length_correlation = 0;
  double microseconds = 0;  ///< a pair; 0: not measured
};

Row score_distances(const std::string& name, const std::string& options, const Eigen::MatrixXd& distances, const Dialogs& dialogs) {
  return {name, options, retrieval(distances, dialogs.groups), length_correlation(distances, dialogs.lengths)};
}

/// The same of what `measure()` gives, on the clock; and those distances.
template <class Measure>
std::pair<Row, Eigen::MatrixXd> time_distances(const std::string& name, const std::string& options, const Dialogs& dialogs,
                                               const Measure& measure) {
  const auto begin = std::chrono::steady_clock::now();
  Eigen::MatrixXd distances = measure();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  auto row = score_distances(name, options, distances, dialogs);
  const auto n = static_cast<double>(dialogs.ids.size());
  row.microseconds = took.count() / (n * (n + 1) / 2);
  return {std::move(row), std::move(distances)};
}

/// What needs no look at a label: a measure should do better.
Row by_length(const Dialogs& dialogs) {
  const auto n = static_cast<Eigen::Index>(dialogs.ids.size());
  Eigen::MatrixXd differences(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) differences(i, j) = static_cast<double>(std::abs(dialogs.lengths[i] - dialogs.lengths[j]));
  return score_distances("length", "difference of lengths alone", differences, dialogs);
}

/// What the contrastive loss goes by where it is told nothing: no label, no order.
std::vector<Row> by_features(const Dialogs& dialogs) {
  std::vector<Row> rows;
  for (const auto& [modality, features] : dialogs.features)
    rows.push_back(time_distances("mean_pool", "cosine of mean " + modality + " features", dialogs, [&] {
                     return mean_pool_distances(features);
                   }).first);
  return rows;
}

nlohmann::json json_of(const Row& row) {
  return {{"measure", row.name},
          {"options", row.options},
          {"map", row.found.mean_average_precision},
          {"recall_at_1", row.found.recall_at_1},
          {"recall_at_15", row.found.recall_at_15},
          {"length_correlation", row.length_correlation},
          {"microseconds_a_pair", row.microseconds}};
}

std::string decimals(double value, int digits) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

std::vector<std::vector<std::string>> table_of(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells{{"measure", "mAP", "R@1", "recall@15", "rho length", "us a pair"}};
  for (const auto& row : rows)
    cells.push_back({row.name + " (" + row.options + ")", decimals(row.found.mean_average_precision, 3), decimals(row.found.recall_at_1, 3),
                     decimals(row.found.recall_at_15, 3), decimals(row.length_correlation, 2),
                     row.microseconds > 0 ? decimals(row.microseconds, 2) : "-"});
  return cells;
}

const std::vector<std::string> notes{
    "Each dialog in turn asks for the others of its scenario, by label sequence alone, and, to compare, by length and by mean features. "
    "mAP: mean average precision; R@1: share whose nearest is of the scenario; recall@15: share of the scenario among the 15 nearest.",
    "rho length: rank correlation of the distance with the difference of lengths, near 0 for a measure that is blind to length. Labels of "
    "all splits are used: this compares measures and trains nothing."};

int run(const Flags& flags) {
  const auto existing = flags.overwrite ? Existing::Overwrite : Existing::Refuse;
  if (!flags.out.empty()) check_output(flags.out, existing);
  const auto corpus = read_and_say(flags.data, flags.quiet || flags.json);
  const auto dialogs = gather(corpus);
  const auto chosen = flags.measures.empty() ? trajectory_measure_names() : flags.measures;

  std::vector<Row> rows;
  TrajectoryPage page{.title = flags.data + (synth::made_here(corpus) ? " (synthetic): " : ": ") + std::to_string(dialogs.ids.size()) +
                               " dialogs, " + std::to_string(dialogs.scenarios.size()) + " scenarios",
                      .table = {},
                      .notes = notes,
                      .measure = chosen.front(),
                      .distances = {},
                      .map = {},
                      .ids = dialogs.ids,
                      .groups = dialogs.groups,
                      .names = dialogs.scenarios};
  for (const auto& name : chosen) {
    const auto& measure = trajectory_measure(name);
    auto [row, distances] =
        time_distances(measure.name, measure.options, dialogs, [&] { return measure.distances(dialogs.labels, corpus.classes); });
    rows.push_back(std::move(row));
    if (rows.size() == 1) page.distances = std::move(distances);
  }
  rows.push_back(by_length(dialogs));
  for (auto& row : by_features(dialogs)) rows.push_back(std::move(row));
  page.table = table_of(rows);

  nlohmann::json results{{"data", {{"path", flags.data}, {"fingerprint", corpus.fingerprint}, {"synthetic", synth::made_here(corpus)}}},
                         {"dialogs", dialogs.ids.size()},
                         {"scenarios", dialogs.scenarios.size()},
                         {"queries", rows.front().found.queries},
                         {"measures", nlohmann::json::array()}};
  for (const auto& row : rows) results["measures"].push_back(json_of(row));
  if (flags.json)
    std::cout << results.dump(2) << std::endl;
  else
    std::cout << '\n' << table(page.table) << '\n' << notes[0] << '\n' << notes[1] << std::endl;
  if (flags.out.empty()) return success;

  page.map = planar_map(page.distances);
  OutputFolder folder(flags.out, existing, Unfinished::Removed);
  replace_file(folder.path() / "trajectories.json", results.dump(2) + '\n');
  replace_file(folder.path() / "trajectories.html", trajectory_html(page));
  folder.done();
  if (!flags.json) std::cout << "\npictures: " << (folder.path() / "trajectories.html").string() << ", trajectories.json beside it\n";
  return success;
}

}  // namespace

Command trajectories(CLI::App& program) {
  auto* app = program.add_subcommand(
      "trajectories", "compare label sequences of dialogs: which measure finds those of the same scenario, table and pictures");
  const auto flags = std::make_shared<Flags>();
  app->add_option("--data", flags->data, "corpus whose ids carry the scenario, as IEMOCAP's do")->required()->type_name("PATH");
  app->add_option("--measure", flags->measures, "which measures, the first in the pictures [all]")
      ->delimiter(',')
      ->check(CLI::IsMember(trajectory_measure_names()));
  app->add_option("--out", flags->out, "folder for trajectories.html and trajectories.json")->type_name("DIR");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--json", flags->json, "print the table as JSON");
  app->add_flag("--quiet", flags->quiet, "the table and warnings only");
  return {app, [=] { return run(*flags); }};
}

}  // namespace merc::commands
