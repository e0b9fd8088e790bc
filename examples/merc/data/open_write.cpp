#include "data/atomic.hpp"
#include "data/npy.hpp"
#include "data/open_format.hpp"

#include <nlohmann/json.hpp>

namespace merc {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

void write_open(const Corpus& corpus, const fs::path& folder) {
  write_folder(folder, [&](const fs::path& target) {
    write_file(target / "dialogs.jsonl", [&](std::ostream& out) {
      for (const auto* name : split_names) {
        if (!corpus.has(name)) continue;
        for (const auto& dialog : corpus.split(name).dialogs) {
          const auto id = dialog.numbered ? ordered_json::parse(dialog.id) : ordered_json(dialog.id);
          ordered_json line{
              {"id", id}, {"split", name}, {"speakers", dialog.speakers}, {"labels", dialog.labels}, {"sentences", dialog.sentences}};
          if (!dialog.times.empty()) line["times"] = dialog.times;
          if (!dialog.vad.empty()) line["vad"] = dialog.vad;
          out << line.dump() << '\n';
        }
      }
    });
    write_file(target / "corpus.json", [&](std::ostream& out) {
      out << ordered_json{{"format", "open"}, {"version", 1}, {"label_names", corpus.label_names}, {"converted_from", corpus.format}}.dump(
                 1)
          << '\n';
    });
    for (const auto& [name, split] : corpus.splits) {
      for (const auto& [modality, description] : corpus.modalities) {
        write_file(target / (modality + "." + name + ".npy"), [&](std::ostream& out) {
          out << npy_header(split.utterances(), description.dim);
          for (const auto& dialog : split.dialogs) write_floats(out, dialog.features.at(modality).values);
        });
      }
    }
  });
}

void convert(const Corpus& corpus, const fs::path& out) {
  if (out.extension() == ".pkl") {
    write_corect_pickle(corpus, out);
  } else {
    write_open(corpus, out);
  }
}

}  // namespace merc
