#include "data/assembler.hpp"
#include "data/layout.hpp"

#include <idcl/pickle/load.hpp>
#include <idcl/pickle/numpy.hpp>

#include <algorithm>
#include <cctype>
#include <unordered_map>

namespace merc::layout {

namespace fs = std::filesystem;
namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;

namespace {

/// The modality that a file is for; in a folder of pickles the name is all there is to tell.
std::string modality_of(const fs::path& path) {
  auto name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string modality : {"text", "audio", "visual"}) {
    if (name.find(modality) != std::string::npos) return modality;
  }
  return {};
}

/// A dict id -> array, or list of rows.
bool is_rows_by_id(const pickle::Value& root) {
  if (!root.is(pickle::Kind::Dict) || root.count() == 0) return false;
  const auto& first = root.items()[1];
  if (!first.is_sequence()) return numpy::is_array(first);
  return first.count() > 0 && (first.items()[0].is_sequence() || numpy::is_array(first.items()[0]));
}

}  // namespace

std::optional<Corpus> multiemo_folder(const fs::path& folder) {
  std::optional<Corpus> corpus;
  std::vector<fs::path> features;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".pkl" || entry.path().filename().string().starts_with(".")) continue;
    try {
      auto file = pickle::File::open(entry.path());
      auto document = pickle::loads(file.bytes());
      document.keep(std::move(file));
      if (is_rows_by_id(document.root) && !modality_of(entry.path()).empty()) {
        features.push_back(entry.path());
      } else if (auto found = tuple(document)) {
        corpus = std::move(found);
      }
    } catch (const pickle::Error& error) {
      throw DataError(entry.path().filename().string() + ": " + error.what());
    }
  }
  if (!corpus || features.empty()) return std::nullopt;
  std::sort(features.begin(), features.end());

  corpus->format = "multiemo_folder";
  corpus->modalities.clear();
  for (auto& [name, split] : corpus->splits) {
    split.figures.clear();
    for (auto& dialog : split.dialogs) dialog.features.clear();
  }
  for (const auto& path : features) {
    const auto document = pickle::load(path);
    const auto modality = modality_of(path);
    std::unordered_map<std::string, pickle::Value> by_id;
    for (std::size_t i = 0; i + 1 < document.root.items().size(); i += 2)
      by_id.insert_or_assign(id_of(document.root.items()[i]).text, document.root.items()[i + 1]);
    RowReader reader(modality);
    for (auto& [name, split] : corpus->splits) {
      for (auto& dialog : split.dialogs) {
        const auto place = path.filename().string() + ", " + name + " dialog " + dialog.id;
        const auto found = by_id.find(dialog.id);
        if (found == by_id.end()) throw DataError(place + ": not in this file");
        dialog.features[modality] = reader.read(found->second, dialog.utterances(), split.figures[modality], place);
      }
    }
    corpus->modalities[modality] = reader.modality();
    if (auto complaint = reader.complaint(); !complaint.empty()) corpus->warnings.push_back(std::move(complaint));
  }
  return corpus;
}

}  // namespace merc::layout
