#include "commands/train_all.hpp"

#include "report/table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>

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
bool finished(const fs::path& folder, const Config& config, const Corpus& data, OptionalCorpus pretrain) {
  std::ifstream stream(folder / "results.json");
  if (!stream) return false;
  const auto results = Json::parse(stream, nullptr, false);
  if (!results.is_object() || !results.contains("config") || !results.contains("data")) return false;
  const auto different =
      differences(identity(results["config"].get<Config>(), results["data"]), identity(config, data_json(data, pretrain)));
  if (!different.empty())
    throw UsageError(folder.string() + " holds the result of another run (" + different +
                     "); begin anew by --overwrite or choose another --out");
  return true;
}

}  // namespace

Settings train_all(const OutputFolder& folder, const std::vector<Variant>& variants, int seeds, const Corpus& data, OptionalCorpus pretrain,
                   Verbosity verbosity) {
  Settings settings;
  for (const auto& variant : variants) settings.push_back({variant.name, {}});
  for (int s = 0; s < seeds; ++s)
    for (std::size_t v = 0; v < variants.size(); ++v) {
      auto config = variants[v].config;
      config.seed += static_cast<uint64_t>(s);
      const auto name = variants[v].name + "-seed" + std::to_string(config.seed);
      const auto place = settings[v].runs[config.seed] = folder.path() / name;
      const auto corpus_of_stage_1 = config.ablation == Ablation::C ? pretrain : std::nullopt;
      if (finished(place, config, data, corpus_of_stage_1)) {
        if (verbosity != Verbosity::Quiet) std::cout << name << "  finished before\n";
        continue;
      }
      const OutputFolder own(place, Existing::Resume);
      const auto outcome = train_into(own, data, corpus_of_stage_1, config, name, verbosity);
      if (verbosity != Verbosity::Quiet)
        std::cout << name << "  test weighted F1 " << percent(score(outcome.predictions.at("test")).weighted_f1) << ", epoch "
                  << outcome.best_epoch << " of " << config.finetune.epochs << ", "
                  << duration(outcome.seconds_per_epoch * static_cast<double>(config.finetune.epochs)) << std::endl;
    }
  return settings;
}

}  // namespace merc::commands
