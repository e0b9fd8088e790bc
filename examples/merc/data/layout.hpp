#pragma once

#include "data/corpus.hpp"

#include <idcl/pickle/document.hpp>

#include <filesystem>
#include <optional>
#include <string>

/// One function a layout: it looks at the structure of what was read and gives the corpus, or nothing where the structure is another.
/// Damage inside of a structure that fits is a DataError.
namespace merc::layout {

/// dict split -> list of dicts: vid, speakers, labels, audio, visual, text, sentence. CORECT, IDCL, nacl-merc.
std::optional<Corpus> corect_dict(const idcl::pickle::Document& document);

/// dict split -> list of objects `<package>.Sample` with the attributes vid, speaker, label, ... COGMEN, Joyful, dialogue_gcn.
std::optional<Corpus> cogmen_sample(const idcl::pickle::Document& document);

/// A tuple or list of dicts keyed by dialog id and of lists of ids, in one of the orders of `tuple.cpp`: the DialogueRNN family.
std::optional<Corpus> tuple(const idcl::pickle::Document& document);

/// The corpus of a pickle in any of these layouts. Throws DataError that says what was seen where it is none of them.
Corpus any(const idcl::pickle::Document& document);

/// A folder with the 9-tuple and one pickle a modality, dicts id -> array. MultiEMO.
std::optional<Corpus> multiemo_folder(const std::filesystem::path& folder);

/// A folder with dialogs.jsonl and one .npy a modality and split: our own.
std::optional<Corpus> open(const std::filesystem::path& folder);

/// A folder with train*.csv, dev*.csv and test*.csv in MELD's columns: labels and sentences without features.
std::optional<Corpus> meld_csv(const std::filesystem::path& folder);

/// A tree Session{1..5}/dialog/... of the raw IEMOCAP corpus: labels and sentences of the six classes without features; Session 5 is test.
std::optional<Corpus> iemocap_release(const std::filesystem::path& folder, const ReadOptions& options);

/// What a value is, in a few words that show its structure: "tuple of 4 (2 x dict of 20 int -> list of 5 array; list of 12 str; int)".
std::string describe(const idcl::pickle::Value& value);

}  // namespace merc::layout
