#include "commands/train_all.hpp"

#include "commands/bounds.hpp"
#include "commands/train_jobs.hpp"
#include "report/run_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>
#include <utility>

namespace merc::commands {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// The fields in which two objects differ, "finetune.epochs: 40 there, 60 asked for"; empty where they are equal.
std::string differences(const Json& there, const Json& asked) {
  std::string text;
  const auto flat = asked.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    const Json::json_pointer place(pointer);
    const auto old = there.contains(place) ? there.at(place) : Json();
    if (old == value) continue;
    auto name = pointer.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    text += (text.empty() ? "" : ", ") + name + ": " + old.dump() + " there, " + value.dump() + " asked for";
  }
  return text;
}

/// What a result depends on: the configuration without how it is run, and the data.
Json identity(Json config, const Json& data) {
  for (const auto* key : {"threads", "save_seconds", "device"}) config.erase(key);
  Json identity{{"config", config}, {"data", data.at("fingerprint")}};
  if (data.contains("pretrain")) identity["pretrain_data"] = data["pretrain"].at("fingerprint");
  return identity;
}

/// Whether the run in a folder is finished and the one that is asked for. Throws UsageError where it is finished but another.
bool finished(const fs::path& folder, const Config& config, Folds& folds, std::size_t fold, OptionalCorpus pretrain) {
  std::ifstream stream(folder / "results.json");
  if (!stream) return false;
  const auto results = Json::parse(stream, nullptr, false);
  if (!results.is_object() || !results.contains("config") || !results.contains("data")) return false;
  const auto different =
      differences(identity(results["config"].get<Config>(), results["data"]), identity(config, data_json(folds.corpus(fold), pretrain)));
  if (!different.empty())
    throw UsageError(folder.string() + " holds the result of another run (" + different +
                     "); begin anew by --overwrite or choose another --out");
  return true;
}

/// In this process.
Faults train_one_by_one(const std::vector<PlannedRun>& runs, const Corpora& corpora, Verbosity verbosity) {
  Faults faults;
  for (std::size_t i = 0; i < runs.size(); ++i) try {
      const auto& [name, place, config, fold, session] = runs[i];
      const OutputFolder own(place, Existing::Resume);
      train_into(own, corpora.folds.corpus(fold), config.ablation == Ablation::C ? corpora.pretrain : std::nullopt, config, name, verbosity);
      if (verbosity != Verbosity::Quiet) say_finished(runs[i]);
    } catch (const DataError& error) {
      faults[i] = error.what();
    }
  return faults;
}

}  // namespace

Corpus load_and_say(const TrainFlags& flags) {
  const auto& splits = flags.splits();
  if (splits.folds() == FoldBy::File) return load_and_say(flags.data(), flags.quiet(), splits.arrangement());
  auto corpus = read(flags.data());
  arrange(corpus, splits.arrangement());
  const auto findings = audit(corpus);
  std::erase_if(corpus.warnings, [&](const auto& line) { return std::find(findings.begin(), findings.end(), line) != findings.end(); });
  return say(std::move(corpus), flags.data(), flags.quiet());
}

JobFlags::JobFlags(CLI::App& app) {
  app.add_option("--jobs", at_once_, "runs at a time, in processes that share --threads")
      ->check(at_least(1))
      ->capture_default_str();
  app.add_option("--memory-limit-mib", memory_limit_mib_,
                 "of all --jobs together: another begins only while there is room for it by the peak of those before, 0: no limit")
      ->check(at_least(0))
      ->capture_default_str();
}

Trained train_all(const OutputFolder& folder, const std::vector<Variant>& variants, int seeds, const Corpora& corpora, const Jobs& jobs,
                  Verbosity verbosity) {
  Trained trained;
  for (const auto& variant : variants) trained.settings.push_back({variant.name, {}});
  std::vector<PlannedRun> runs;
  std::vector<std::size_t> variant_of;
  double peak_mib = 0;
  for (int s = 0; s < seeds; ++s)
    for (std::size_t f = 0; f < corpora.folds.size(); ++f)
      for (std::size_t v = 0; v < variants.size(); ++v) {
        auto config = variants[v].config;
        config.seed += static_cast<uint64_t>(s);
        const int session = corpora.folds.session(f);
        const auto name =
            variants[v].name + (session == 0 ? "" : "-session" + std::to_string(session)) + "-seed" + std::to_string(config.seed);
        const auto place = trained.settings[v].runs[config.seed].emplace_back(folder.path() / name);
        if (!finished(place, config, corpora.folds, f, config.ablation == Ablation::C ? corpora.pretrain : std::nullopt)) {
          runs.push_back({name, place, config, f, session});
          variant_of.push_back(v);
          continue;
        }
        peak_mib = std::max(peak_mib, read_json(place / "results.json", "").value("peak_rss_mib", 0.0));
        if (verbosity != Verbosity::Quiet) std::cout << name << "  finished before\n";
      }

  const auto faults = jobs.at_once > 1 ? train_in_processes(runs, jobs, peak_mib, verbosity) : train_one_by_one(runs, corpora, verbosity);
  if (faults.empty()) return trained;
  const auto [first, fault] = *faults.begin();
  trained.failure = std::to_string(faults.size()) + " of " + std::to_string(runs.size()) +
                    " runs failed, the others are kept: " + runs[first].name + ": " + fault;
  std::set<std::string> incomplete;
  for (const auto& [place, why] : faults) incomplete.insert(variants[variant_of[place]].name);
  std::erase_if(trained.settings, [&](const auto& setting) { return incomplete.count(setting.name) > 0; });
  return trained;
}

}  // namespace merc::commands
