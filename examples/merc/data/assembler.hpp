#pragma once

#include "data/corpus.hpp"
#include "data/rows.hpp"

#include <idcl/pickle/document.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace merc {

/// What a dialog is called.
struct DialogId {
  std::string text;
  bool numbered = false;  ///< a number in its source
};

/// What a layout knows of one dialog: where its parts are.
struct DialogParts {
  DialogId id;
  idcl::pickle::Value speakers;   ///< a list or array of names, numbers or one-hot rows
  idcl::pickle::Value labels;     ///< a list or array of integers
  idcl::pickle::Value sentences;  ///< a list or array of strings, or None
  std::vector<std::pair<std::string, idcl::pickle::Value>> features;
};

/// Puts a corpus together from the dialogs that a layout hands over, and checks each: the one place where values become a Corpus.
class Assembler {
 public:
  /// `classes`: how many the layout always has (7 for MELD), or 0: 4, 6 or 7, whichever the labels need.
  Assembler(std::string format, int classes);

  /// The dialogs that follow are parts of this document, whose bytes need not be in memory once they are features.
  void read_from(const idcl::pickle::Document& document) { document_ = &document; }

  /// Adds a dialog to a split; one without utterances is dropped with a warning. Throws DataError that names the dialog.
  void add(const std::string& split, const DialogParts& parts);

  /// Adds a dialog whose features come from `add_rows`.
  void add(const std::string& split, Dialog dialog);

  /// Gives a dialog its rows of an array that holds those of the whole split, from row `first` on.
  void add_rows(Dialog& dialog, const std::string& split, const std::string& modality, const idcl::pickle::numpy::Array& array,
                std::int64_t first);

  /// A split exists, even where no dialog follows.
  void open(const std::string& split) { corpus_.splits[split]; }

  void note(std::string line) { corpus_.notes.push_back(std::move(line)); }
  void warn(std::string line) { corpus_.warnings.push_back(std::move(line)); }

  /// The classes by name, where the source says them.
  void name_labels(std::vector<std::string> names);

  /// A label of -1 stands for none.
  void allow_unlabelled() { lowest_label_ = -1; }

  /// The corpus, its classes and modalities known and its labels checked.
  Corpus finish();

 private:
  RowReader& reader(const std::string& modality);
  std::vector<std::string> read_speakers(const idcl::pickle::Value& value, std::size_t utterances, const std::string& place);
  void save_memory(const Dialog& dialog);
  void check_modalities() const;
  void name_classes();

  Corpus corpus_;
  std::vector<RowReader> readers_;
  bool odd_speaker_rows_ = false;
  int lowest_label_ = 0;
  const idcl::pickle::Document* document_ = nullptr;
  std::size_t read_since_ = 0;  // bytes of features since the document was last told to forget
};

/// A string of Python or numpy as UTF-8; nothing where the value is none.
std::optional<std::string> string_of(const idcl::pickle::Value& value);

/// The strings of a list, a set or a numpy array; nothing where it is no such thing, or holds anything else.
std::optional<std::vector<std::string>> strings_of(const idcl::pickle::Value& value);

/// A dialog's id, the key of a dict or a member of a split. Throws DataError for what is neither text nor number.
DialogId id_of(const idcl::pickle::Value& value);

/// The ids that a list, a set or a numpy array holds, in its order; nothing where it is no such thing.
std::optional<std::vector<DialogId>> ids_of(const idcl::pickle::Value& value);

}  // namespace merc
