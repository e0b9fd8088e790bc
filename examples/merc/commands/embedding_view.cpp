#include "commands/embedding_view.hpp"

#include "report/coordinates.hpp"
#include "report/page.hpp"
#include "report/table.hpp"
#include "train/classifier.hpp"
#include "trajectory/neighbors.hpp"
#include "trajectory/plane.hpp"
#include "trajectory/retrieval.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace merc::commands {
namespace {

struct Shown {
  const Dialog* dialog;
  bool in_training;
};

/// All dialogs, those of the training split first: the order of every table of rows below.
std::vector<Shown> dialogs_of(const Corpus& corpus) {
  std::vector<Shown> all;
  for (const auto* split : split_names)
    if (corpus.has(split))
      for (const auto& dialog : corpus.split(split).dialogs) all.push_back({&dialog, split == std::string_view("train")});
  return all;
}

std::string most_frequent_label(const Dialog& dialog, const Corpus& corpus) {
  std::vector<int> counts(static_cast<std::size_t>(corpus.classes));
  for (const int label : dialog.labels)
    if (label >= 0) ++counts.at(static_cast<std::size_t>(label));
  const auto most = std::max_element(counts.begin(), counts.end());
  if (most == counts.end() || *most == 0) return "no label";
  return corpus.label_names.at(static_cast<std::size_t>(most - counts.begin()));
}

/// The scenario where every id carries one, else the most frequent label.
std::pair<std::string, Groups> groups_of(const std::vector<Shown>& dialogs, const Corpus& corpus) {
  std::vector<std::string> scenarios, labels;
  for (const auto& [dialog, in_training] : dialogs) {
    scenarios.push_back(scenario(dialog->id));
    labels.push_back(most_frequent_label(*dialog, corpus));
  }
  const bool all = std::none_of(scenarios.begin(), scenarios.end(), [](const auto& name) { return name.empty(); });
  return all ? std::pair{std::string("scenario"), group_by(scenarios)} : std::pair{std::string("most frequent label"), group_by(labels)};
}

/// The mean of a dialog's rows of features, a row a dialog.
Eigen::MatrixXd means(const std::vector<Shown>& dialogs, const std::string& modality, int64_t dim) {
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(dialogs.size()), dim);
  for (std::size_t i = 0; i < dialogs.size(); ++i) {
    const auto& features = dialogs[i].dialog->features.at(modality);
    for (int64_t u = 0; u < features.rows; ++u)
      rows.row(static_cast<Eigen::Index>(i)) +=
          Eigen::Map<const Eigen::RowVectorXf>(features.row(u), dim).cast<double>() / static_cast<double>(features.rows);
  }
  return rows;
}

FoundPositives found(const std::string& name, const Eigen::MatrixXd& rows, std::size_t k, const std::vector<int>& groups) {
  FoundPositives positives{.name = name, .neighbors = cosine_neighbors(rows, static_cast<int>(k))};
  const auto shares = agreement(positives.neighbors, groups);
  positives.share = shares.share, positives.chance = shares.chance, positives.most = shares.most, positives.nearest = shares.nearest;
  return positives;
}

/// K as training has it when all dialogs are in one batch.
std::size_t neighbors_of(const RunFiles& run, std::size_t dialogs) {
  const auto& config = run.results.at("config");
  const auto others = static_cast<int64_t>(dialogs) - 1;
  const auto most = config.value("limit_neighbors", true) ? std::max<int64_t>(1, others / 2) : others;
  return static_cast<std::size_t>(
      std::clamp<int64_t>(config.at("finetune").at("num_neighbors").get<int64_t>(), 0, std::max<int64_t>(0, std::min(most, others))));
}

/// The corpus as a run had it; as it is where it was converted to that already.
Corpus load_for(const std::string& path, const Arrangement& arrangement) {
  auto corpus = read(path);
  arrange(corpus, applicable(arrangement, corpus));
  hold_out_dev(corpus);
  return corpus;
}

}  // namespace

EmbeddingSection EmbeddingViews::of(const std::filesystem::path& folder, const RunFiles& run) {
  const auto& facts = run.results.at("data");
  const auto path = data_.empty() ? facts.at("path").get<std::string>() : data_;
  const auto arrangement = arrangement_of(facts);
  const auto key = std::tuple(path, arrangement.four_way, arrangement.test_session);
  auto place = corpora_.find(key);
  if (place == corpora_.end()) place = corpora_.emplace(key, load_for(path, arrangement)).first;
  const auto& corpus = place->second;
  if (corpus.fingerprint != facts.value("fingerprint", std::string()))
    throw DataError(path + ": is another corpus than the one that " + folder.string() + " was trained on; name that one by --data");

  const auto model = Classifier::from_run(folder);
  std::map<std::string, Eigen::MatrixXd> encoded;
  for (const auto* split : split_names) {
    if (!corpus.has(split)) continue;
    for (const auto& [name, rows] : model.embed(corpus, split).dialogs) {
      using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
      auto& all = encoded[name];
      all.conservativeResize(all.rows() + rows.rows, rows.cols);
      all.bottomRows(rows.rows) = Eigen::Map<const RowMajor>(rows.values.data(), rows.rows, rows.cols).cast<double>();
    }
  }

  const auto dialogs = dialogs_of(corpus);
  const auto [group, groups] = groups_of(dialogs, corpus);
  EmbeddingSection section{.group = group, .names = groups.names};
  DialogMap map{.width = 440, .height = 330, .groups = groups.of};
  for (std::size_t i = 0; i < dialogs.size(); ++i) {
    map.titles.push_back(dialogs[i].dialog->id + ", " + groups.names[groups.of[i]]);
    map.hollow.push_back(!dialogs[i].in_training);
    section.ids.push_back(dialogs[i].dialog->id);
  }
  if (!coordinates_.empty()) {
    map.name = std::filesystem::path(coordinates_).filename().string() + ": coordinates as given";
    map.points = read_coordinates(coordinates_, section.ids);
    section.maps.push_back(map);
  }
  auto names = run.results.at("config").at("model").at("modalities").get<std::vector<std::string>>();
  names.emplace_back("fused");
  for (const auto& name : names) {
    const auto plane = principal_plane(encoded.at(name));
    map.name = name + ": " + percent(plane.first, 0) + " % of the variance across, " + percent(plane.second, 0) + " % upwards";
    map.points = plane.points;
    section.maps.push_back(map);
  }

  const auto training = std::count_if(dialogs.begin(), dialogs.end(), [](const auto& one) { return one.in_training; });
  section.ids.resize(static_cast<std::size_t>(training));
  section.groups.assign(groups.of.begin(), groups.of.begin() + training);
  section.neighbors = neighbors_of(run, section.ids.size());
  const auto add = [&](std::vector<FoundPositives>& all, const std::string& name, const Eigen::MatrixXd& rows) {
    all.push_back(found(name, rows.topRows(training), section.neighbors, section.groups));
  };
  for (const auto& name : names) add(name == "fused" ? section.compared : section.encoded, name, encoded.at(name));
  for (const auto& name : names)
    if (const auto modality = corpus.modalities.find(name); modality != corpus.modalities.end())
      add(section.compared, name + ", as in the file", means(dialogs, name, modality->second.dim));
  return section;
}

}  // namespace merc::commands
