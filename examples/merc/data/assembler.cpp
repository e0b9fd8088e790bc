#include "data/assembler.hpp"

#include "data/labels.hpp"

#include <idcl/pickle/numpy.hpp>
#include <idcl/pickle/text.hpp>

#include <algorithm>
#include <span>

namespace merc {

namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;

std::optional<std::string> string_of(const pickle::Value& value) { return value.is_string() ? pickle::text(value) : numpy::string(value); }

std::optional<std::vector<std::string>> strings_of(const pickle::Value& value) {
  if (!value.is_collection()) return numpy::strings(value);
  std::vector<std::string> texts;
  for (const auto& item : value.items()) {
    auto text = string_of(item);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

DialogId id_of(const pickle::Value& value) {
  if (auto text = string_of(value)) return {.text = std::move(*text)};
  if (const auto number = numpy::integer(value)) return {.text = std::to_string(*number), .numbered = true};
  throw DataError(std::string("a dialog id is a ") + pickle::name(value.kind()) + ", expected text or a number");
}

std::optional<std::vector<DialogId>> ids_of(const pickle::Value& value) {
  std::vector<DialogId> ids;
  if (value.is_collection()) {
    for (const auto& item : value.items()) ids.push_back(id_of(item));
  } else if (auto texts = numpy::strings(value)) {
    for (auto& text : *texts) ids.push_back({.text = std::move(text)});
  } else if (const auto array = numpy::array(value); array && array->shape.size() == 1 && array->dtype.kind != 'f') {
    numpy::visit(*array,
                 [&](auto number) { ids.push_back({.text = std::to_string(static_cast<std::int64_t>(number)), .numbered = true}); });
  } else {
    return std::nullopt;
  }
  return ids;
}

namespace {

/// The integers of a list or array of them.
std::vector<std::int64_t> integers(const pickle::Value& value) {
  std::vector<std::int64_t> result;
  if (const auto array = numpy::array(value)) {
    if (array->dtype.kind == 'f' || array->shape.size() != 1) throw pickle::Error("are an array that is no vector of integers");
    numpy::visit(*array, [&](auto element) { result.push_back(static_cast<std::int64_t>(element)); });
    return result;
  }
  if (!value.is_sequence()) throw pickle::Error(std::string("are a ") + pickle::name(value.kind()) + ", expected a list");
  for (const auto& element : value.items()) {
    const auto number = numpy::integer(element);
    if (!number) throw pickle::Error(std::string("hold a ") + pickle::name(element.kind()) + ", expected integers");
    result.push_back(*number);
  }
  return result;
}

std::vector<double> numbers(const numpy::Array& array) {
  std::vector<double> values;
  numpy::visit(array, [&](auto element) { values.push_back(static_cast<double>(element)); });
  return values;
}

/// The position of the only one among zeros, or -1.
std::int64_t one_hot(std::span<const double> values) {
  const auto ones = std::count(values.begin(), values.end(), 1.0);
  const auto zeros = std::count(values.begin(), values.end(), 0.0);
  if (ones != 1 || ones + zeros != static_cast<std::ptrdiff_t>(values.size())) return -1;
  return std::find(values.begin(), values.end(), 1.0) - values.begin();
}

std::int64_t one_hot(const pickle::Value& row) {
  if (const auto array = numpy::array(row)) return one_hot(numbers(*array));
  std::vector<double> values;
  for (const auto& element : row.items())
    values.push_back(element.is(pickle::Kind::Float) ? element.real() : static_cast<double>(numpy::integer(element).value_or(-1)));
  return one_hot(values);
}

}  // namespace

Assembler::Assembler(std::string format, int classes) {
  corpus_.format = std::move(format);
  corpus_.classes = classes;
}

RowReader& Assembler::reader(const std::string& modality) {
  const auto found = std::find_if(readers_.begin(), readers_.end(), [&](const auto& reader) { return reader.name() == modality; });
  return found != readers_.end() ? *found : readers_.emplace_back(modality);
}

std::vector<std::string> Assembler::read_speakers(const pickle::Value& value, std::size_t utterances, const std::string& place) {
  std::vector<std::string> speakers;
  const auto take = [&](std::int64_t hot) {
    odd_speaker_rows_ = odd_speaker_rows_ || hot < 0;
    speakers.push_back(hot < 0 ? "?" : std::to_string(hot));
  };
  if (auto names = numpy::strings(value)) {
    speakers = std::move(*names);
  } else if (const auto array = numpy::array(value); array && !array->shape.empty()) {
    const auto rows = static_cast<std::size_t>(array->shape[0]);
    if (rows == utterances && array->shape.size() <= 2) {
      const auto all = numbers(*array);
      const auto width = all.size() / rows;
      for (std::size_t row = 0; row < rows; ++row)
        array->shape.size() == 1 ? speakers.push_back(std::to_string(static_cast<std::int64_t>(all[row])))
                                 : take(one_hot(std::span(all).subspan(row * width, width)));
    }
  } else if (value.is_sequence()) {
    for (const auto& speaker : value.items()) {
      if (auto name = string_of(speaker))
        speakers.push_back(std::move(*name));
      else if (const auto number = numpy::integer(speaker))
        speakers.push_back(std::to_string(*number));
      else if (speaker.is_sequence() || numpy::is_array(speaker))
        take(one_hot(speaker));
      else
        throw DataError(place + ": a speaker is a " + pickle::name(speaker.kind()) + ", expected a name or a one-hot row");
    }
  } else {
    throw DataError(place + ": speakers are a " + pickle::name(value.kind()) + ", expected a list");
  }
  if (speakers.size() != utterances) {
    throw DataError(place + ": " + std::to_string(speakers.size()) + " speakers for " + std::to_string(utterances) + " labels");
  }
  return speakers;
}

void Assembler::add(const std::string& split, const DialogParts& parts) {
  Dialog dialog;
  dialog.id = parts.id.text;
  dialog.numbered = parts.id.numbered;
  const auto place = split + " dialog " + dialog.id;
  try {
    for (const auto label : integers(parts.labels)) {
      if (!fits_label(label)) throw pickle::Error("hold " + std::to_string(label) + ", which is out of range");
      dialog.labels.push_back(static_cast<int>(label));
    }
  } catch (const pickle::Error& error) {
    throw DataError(place + ": labels " + error.what());
  }
  if (dialog.labels.empty()) return add(split, std::move(dialog));
  dialog.speakers = read_speakers(parts.speakers, dialog.labels.size(), place);
  if (parts.sentences.is(pickle::Kind::None)) {
    dialog.sentences.resize(dialog.labels.size());
  } else if (auto sentences = strings_of(parts.sentences)) {
    dialog.sentences = std::move(*sentences);
  } else {
    throw DataError(place + ": the sentences are no list of text");
  }
  if (dialog.sentences.size() != dialog.labels.size()) {
    throw DataError(place + ": " + std::to_string(dialog.sentences.size()) + " sentences for " + std::to_string(dialog.labels.size()) +
                    " labels");
  }
  auto& figures = corpus_.splits[split].figures;
  for (const auto& [modality, value] : parts.features) {
    dialog.features[modality] = reader(modality).read(value, dialog.utterances(), figures[modality], place);
  }
  save_memory(dialog);
  add(split, std::move(dialog));
}

/// Features replace the bytes they come from, instead of adding to them.
void Assembler::save_memory(const Dialog& dialog) {
  constexpr std::size_t often = std::size_t{16} << 20;
  for (const auto& [modality, matrix] : dialog.features) read_since_ += matrix.values.size() * sizeof(float);
  if (document_ == nullptr || read_since_ < often) return;
  document_->forget();
  read_since_ = 0;
}

void Assembler::add(const std::string& split, Dialog dialog) {
  open(split);
  if (dialog.labels.empty()) return warn(split + " dialog " + dialog.id + " has no utterance; left out");
  corpus_.splits[split].dialogs.push_back(std::move(dialog));
}

void Assembler::add_rows(Dialog& dialog, const std::string& split, const std::string& modality, const numpy::Array& array,
                         std::int64_t first) {
  auto& figures = corpus_.splits[split].figures[modality];
  dialog.features[modality] = reader(modality).read(array, first, dialog.utterances(), figures, split + " dialog " + dialog.id);
}

void Assembler::name_labels(std::vector<std::string> names) {
  corpus_.classes = static_cast<int>(names.size());
  corpus_.label_names = std::move(names);
}

/// A modality that some dialogs have and others lack cannot be trained on.
void Assembler::check_modalities() const {
  for (const auto& [name, split] : corpus_.splits) {
    for (const auto& dialog : split.dialogs) {
      for (const auto& reader : readers_) {
        if (dialog.features.count(reader.name()) == 0)
          throw DataError(name + " dialog " + dialog.id + ": no " + reader.name() + ", which other dialogs have");
      }
    }
  }
}

/// Labels fix the number of classes, where the layout does not: 4 and 6 are IEMOCAP's, 7 MELD's; no more are known.
void Assembler::name_classes() {
  int highest = -1;
  for (const auto& [name, split] : corpus_.splits) {
    for (const auto& dialog : split.dialogs) highest = std::max(highest, *std::max_element(dialog.labels.begin(), dialog.labels.end()));
  }
  if (corpus_.classes == 0) corpus_.classes = highest < 4 ? 4 : highest < 6 ? 6 : 7;
  if (corpus_.label_names.empty()) corpus_.label_names = label_names(corpus_.classes);
  for (const auto& [name, split] : corpus_.splits) {
    for (const auto& dialog : split.dialogs) {
      for (std::size_t u = 0; u < dialog.labels.size(); ++u) {
        const auto label = dialog.labels[u];
        if (label >= lowest_label_ && label < corpus_.classes) continue;
        throw DataError(name + " dialog " + dialog.id + ", utterance " + std::to_string(u) + ": label " + std::to_string(label) +
                        " is out of range, expected 0 to " + std::to_string(corpus_.classes - 1) +
                        " (4 or 6 classes for IEMOCAP, 7 for MELD)");
      }
    }
  }
}

Corpus Assembler::finish() {
  const auto any = std::any_of(corpus_.splits.begin(), corpus_.splits.end(), [](const auto& split) { return !split.second.empty(); });
  if (!any) throw DataError("holds no dialog with an utterance");
  check_modalities();
  name_classes();
  for (const auto& reader : readers_) {
    corpus_.modalities[reader.name()] = reader.modality();
    if (auto complaint = reader.complaint(); !complaint.empty()) warn(std::move(complaint));
  }
  if (odd_speaker_rows_) warn("some speaker rows are not one-hot; these speakers are called \"?\"");
  return std::move(corpus_);
}

}  // namespace merc
