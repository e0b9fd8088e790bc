#include "data/assembler.hpp"
#include "data/labels.hpp"
#include "data/layout.hpp"
#include "data/npy.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>

namespace merc::layout {

namespace fs = std::filesystem;
namespace pickle = idcl::pickle;
using nlohmann::json;

namespace {

std::vector<std::string> strings(const json& value, std::size_t count, const char* key) {
  if (value.is_null()) return std::vector<std::string>(count);
  if (!value.is_array() || value.size() != count)
    throw DataError(std::string("\"") + key + "\" is not a list of " + std::to_string(count) + ", as many as there are utterances");
  std::vector<std::string> result;
  for (const auto& element : value) {
    if (!element.is_string()) throw DataError(std::string("\"") + key + "\" holds a " + element.type_name() + ", expected strings");
    result.push_back(element.get<std::string>());
  }
  return result;
}

/// A list of as many numbers for each utterance; empty where there is none.
template <std::size_t Size>
std::vector<std::array<double, Size>> numbers(const json& line, std::size_t count, const char* key) {
  const auto value = line.value(key, json());
  std::vector<std::array<double, Size>> result;
  if (value.is_null()) return result;
  const auto fits = [](const json& element) {
    return element.is_array() && element.size() == Size &&
           std::all_of(element.begin(), element.end(), [](const json& one) { return one.is_number(); });
  };
  if (!value.is_array() || value.size() != count || !std::all_of(value.begin(), value.end(), fits))
    throw DataError(std::string("\"") + key + "\" is not a list of " + std::to_string(count) + ", as many as there are utterances, of " +
                    std::to_string(Size) + " numbers each");
  for (const auto& element : value) result.push_back(element.get<std::array<double, Size>>());
  return result;
}

/// Is this integer larger than 64 bits with a sign hold?
bool overflows(const json& number) {
  return number.is_number_unsigned() && number.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
}

int checked_label(const json& label) {
  if (overflows(label) || !fits_label(label.get<std::int64_t>())) throw DataError("label " + label.dump() + " is out of range");
  return label.get<int>();
}

/// One line of dialogs.jsonl, without features.
std::pair<std::string, Dialog> parse_dialog(const json& line) {
  if (!line.is_object() || !line.contains("id") || !line.contains("split") || !line.contains("speakers")) {
    throw DataError(R"(expected an object with "id", "split", "speakers", "labels" and "sentences")");
  }
  const auto& split = line["split"];
  if (split != "train" && split != "dev" && split != "test")
    throw DataError("\"split\" is " + split.dump().substr(0, 40) + R"(, expected "train", "dev" or "test")");
  Dialog dialog;
  const auto& id = line["id"];
  if (!id.is_string() && !id.is_number_integer()) throw DataError("\"id\" is neither text nor a number");
  if (overflows(id)) throw DataError("\"id\" " + id.dump() + " is out of range; write it as text");
  dialog.id = id.is_string() ? id.get<std::string>() : id.dump();
  dialog.numbered = !id.is_string();
  const auto count = line["speakers"].size();
  dialog.speakers = strings(line["speakers"], count, "speakers");
  dialog.sentences = strings(line.value("sentences", json()), count, "sentences");
  dialog.times = numbers<2>(line, count, "times");
  dialog.vad = numbers<3>(line, count, "vad");
  const auto labels = line.value("labels", json());
  if (labels.is_null()) {
    dialog.labels.assign(count, -1);
  } else {
    if (!labels.is_array() || labels.size() != count)
      throw DataError("\"labels\" is not a list of " + std::to_string(count) + ", as many as there are speakers");
    for (const auto& label : labels) {
      if (!label.is_null() && !label.is_number_integer())
        throw DataError("\"labels\" holds a " + std::string(label.type_name()) + ", expected integers");
      dialog.labels.push_back(label.is_null() ? -1 : checked_label(label));
    }
  }
  return {split.get<std::string>(), std::move(dialog)};
}

std::map<std::string, std::vector<Dialog>> read_dialogs(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError("dialogs.jsonl cannot be opened");
  std::map<std::string, std::vector<Dialog>> splits;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      auto [split, dialog] = parse_dialog(json::parse(line));
      splits[split].push_back(std::move(dialog));
    } catch (const std::exception& error) {  // of json or our own
      throw DataError("dialogs.jsonl, line " + std::to_string(number) + ": " + error.what());
    }
  }
  return splits;
}

std::vector<std::string> read_label_names(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return {};
  try {
    const auto value = json::parse(in);
    return value.contains("label_names") ? value.at("label_names").get<std::vector<std::string>>() : std::vector<std::string>();
  } catch (const json::exception& error) {
    throw DataError(std::string("corpus.json: ") + error.what());
  }
}

/// The modalities of a split: the names before `.SPLIT.npy`.
std::vector<std::string> modalities_of(const fs::path& folder, const std::string& split) {
  const auto suffix = "." + split + ".npy";
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (name.size() > suffix.size() && name.ends_with(suffix)) names.push_back(name.substr(0, name.size() - suffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Hands each dialog its rows; one array is in memory at a time.
void read_features(Assembler& assembler, const fs::path& folder, const std::string& split, std::vector<Dialog>& dialogs) {
  std::int64_t total = 0;
  for (const auto& dialog : dialogs) total += dialog.utterances();
  for (const auto& modality : modalities_of(folder, split)) {
    const auto name = modality + "." + split + ".npy";
    try {
      const auto npy = read_npy(folder / name);
      if (npy.array.shape.size() != 2 || npy.array.shape[0] != total) {
        const auto rows = npy.array.shape.empty() ? 0 : npy.array.shape[0];
        throw pickle::Error("has " + std::to_string(rows) + " rows in " + std::to_string(npy.array.shape.size()) +
                            " dimensions, expected [" + std::to_string(total) + ", width], a row an utterance of " + split);
      }
      std::int64_t first = 0;
      for (auto& dialog : dialogs) {
        if (dialog.utterances() > 0) assembler.add_rows(dialog, split, modality, npy.array, first);
        first += dialog.utterances();
      }
    } catch (const pickle::Error& error) {
      throw DataError(name + ": " + error.what());
    }
  }
}

}  // namespace

std::optional<Corpus> open(const fs::path& folder) {
  if (!fs::exists(folder / "dialogs.jsonl")) return std::nullopt;
  Assembler assembler("open", 0);
  assembler.allow_unlabelled();
  if (auto names = read_label_names(folder / "corpus.json"); !names.empty()) assembler.name_labels(std::move(names));
  for (auto& [split, dialogs] : read_dialogs(folder / "dialogs.jsonl")) {
    read_features(assembler, folder, split, dialogs);
    for (auto& dialog : dialogs) assembler.add(split, std::move(dialog));
  }
  return assembler.finish();
}

}  // namespace merc::layout
