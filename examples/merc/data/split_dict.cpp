#include "data/assembler.hpp"
#include "data/layout.hpp"

#include <idcl/pickle/text.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace merc::layout {

namespace pickle = idcl::pickle;
using pickle::Value;

namespace {

/// The split that a key of the file is for, by the names in use and however they are capitalised; nothing for other keys.
std::optional<std::string_view> split_of(const Value& key) {
  if (!key.is_string()) return std::nullopt;
  std::string name(key.bytes());
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name == "valid" || name == "val" || name == "validation") return "dev";
  for (const std::string_view split : split_names)
    if (name == split) return split;
  return std::nullopt;
}

/// A split of a dict split -> list; the last one where the file has several of that name, as a dict would.
const Value* find_split(const Value& root, std::string_view split) {
  const auto items = root.items();
  for (std::size_t i = items.size(); i >= 2; i -= 2)
    if (split_of(items[i - 2]) == split) return &items[i - 1];
  return nullptr;
}

std::string key_text(const Value& key) {
  if (!key.is_string()) return std::string("a key that is a ") + pickle::name(key.kind());
  return std::string("\"").append(pickle::text(key)).append("\"");
}

/// Is this a dict of splits, and is the first dialog there of the kind that `fits` tells?
template <class Fits>
bool holds(const Value& root, Fits fits) {
  if (!root.is(pickle::Kind::Dict)) return false;
  for (const auto* name : split_names) {
    const auto* split = find_split(root, name);
    if (split != nullptr && split->is_sequence() && split->count() > 0) return fits(split->items()[0]);
  }
  return false;
}

/// Walks the splits in order; `parts` says where the parts of one dialog are.
template <class Parts>
Corpus assemble(const pickle::Document& document, Assembler& assembler, Parts parts) {
  assembler.read_from(document);
  for (const std::string name : split_names) {
    const auto* split = find_split(document.root, name);
    if (split == nullptr) {
      assembler.warn("no " + name + " split in this file");
      continue;
    }
    if (!split->is_sequence()) throw DataError(name + " is a " + pickle::name(split->kind()) + ", expected a list of dialogs");
    assembler.open(name);
    std::size_t index = 0;
    for (const auto& dialog : split->items()) assembler.add(name, parts(dialog, name + " dialog number " + std::to_string(index++)));
  }
  const auto items = document.root.items();
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (const auto split = split_of(items[i]); split && find_split(document.root, *split) != &items[i + 1])
      assembler.warn("not read: " + key_text(items[i]) + ", as a later key is for the same split: " + describe(items[i + 1]));
    else if (!split)
      assembler.note("not read: " + key_text(items[i]) + ", which is no split: " + describe(items[i + 1]));
  return assembler.finish();
}

/// The value of a key that a dialog must have.
Value required(const Value& dialog, const char* key, const std::string& place) {
  const auto* value = pickle::find(dialog, key);
  if (value == nullptr) throw DataError(place + ": no key \"" + key + "\"");
  return *value;
}

Value optional(const Value& dialog, const char* key) {
  const auto* value = pickle::find(dialog, key);
  return value == nullptr ? Value() : *value;
}

void add_features(DialogParts& parts, const Value& dialog, std::initializer_list<const char*> modalities) {
  for (const auto* modality : modalities) {
    if (const auto* value = pickle::find(dialog, modality)) parts.features.emplace_back(modality, *value);
  }
}

/// The attributes of an object: its state, or the first half of it where the class has slots as well.
Value attributes(const Value& sample, const std::string& place) {
  const auto not_sample = [&] {
    throw DataError(place + ": is a " + pickle::name(sample.kind()) + ", expected an object of class Sample");
  };
  if (!pickle::is_made_by(sample, pickle::Global::Sample)) not_sample();
  auto state = sample.object().state;
  if (state.is(pickle::Kind::Tuple) && state.count() == 2) state = state.items()[state.items()[0].is(pickle::Kind::Dict) ? 0 : 1];
  if (!state.is(pickle::Kind::Dict)) throw DataError(place + ": the object has no attributes");
  return state;
}

}  // namespace

std::optional<Corpus> corect_dict(const pickle::Document& document) {
  if (!holds(document.root, [](const Value& dialog) { return dialog.is(pickle::Kind::Dict); })) return std::nullopt;
  Assembler assembler("corect_dict", 0);
  return assemble(document, assembler, [](const Value& dialog, const std::string& place) {
    if (!dialog.is(pickle::Kind::Dict)) throw DataError(place + ": is a " + pickle::name(dialog.kind()) + ", expected a dict");
    DialogParts parts;
    parts.id = id_of(required(dialog, "vid", place));
    parts.speakers = required(dialog, "speakers", place);
    parts.labels = required(dialog, "labels", place);
    parts.sentences = optional(dialog, "sentence");
    add_features(parts, dialog, {"text", "audio", "visual", "text2", "text3", "text4"});
    return parts;
  });
}

std::optional<Corpus> cogmen_sample(const pickle::Document& document) {
  std::string class_name;
  const auto is_sample = [&](const Value& dialog) {
    if (!pickle::is_made_by(dialog, pickle::Global::Sample)) return false;
    class_name = dialog.object().callable.global().full();
    return true;
  };
  if (!holds(document.root, is_sample)) return std::nullopt;
  Assembler assembler("cogmen_sample", 0);
  assembler.note("objects of class " + class_name);
  return assemble(document, assembler, [](const Value& sample, const std::string& place) {
    const auto dialog = attributes(sample, place);
    DialogParts parts;
    parts.id = id_of(required(dialog, "vid", place));
    parts.speakers = required(dialog, "speaker", place);
    parts.labels = required(dialog, "label", place);
    parts.sentences = optional(dialog, "sentence");
    // `text` holds an older feature of which the programs that use these files take the length alone.
    const auto* sentence_embeddings = pickle::find(dialog, "sbert_sentence_embeddings");
    if (sentence_embeddings != nullptr) parts.features.emplace_back("text", *sentence_embeddings);
    if (sentence_embeddings == nullptr) add_features(parts, dialog, {"text"});
    add_features(parts, dialog, {"audio", "visual"});
    return parts;
  });
}

}  // namespace merc::layout
