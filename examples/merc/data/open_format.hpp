#pragma once

#include "data/corpus.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// The open format, which anybody can write in ten lines of Python: a folder of
///
///   dialogs.jsonl          a line a dialog: {"id": "Ses01F_impro01", "split": "train", "speakers": ["F", "M"], "labels": [2, 5],
///   "sentences": ["Hi.", "Yes?"]} MODALITY.SPLIT.npy     numbers [utterances of the split, width], rows in the order of the dialogs of
///   that split in dialogs.jsonl corpus.json            optional: {"label_names": ["happy", "sad", ...]}; without it 4, 6 or 7 classes, by
///   the labels
///
/// `speakers` are any strings, `sentences` may be left out, `labels` may be null or hold -1 where there is none.
namespace merc {

/// Writes a corpus in the open format. The folder appears whole or not at all: it is written under another name and then renamed.
///
/// Throws DataError where the folder exists and is not empty, or cannot be written.
void write_open(const Corpus& corpus, const std::filesystem::path& folder);

/// Writes the CORECT/IDCL dict pickle (protocol 4, one float32 array a modality and dialog), which Python with numpy 1 or 2 reads.
///
/// Without a dev split the first tenth of train becomes one, since programs that read this layout need it. Replaces an existing
/// file, in one step. Throws DataError where it cannot be written.
void write_corect_pickle(const Corpus& corpus, const std::filesystem::path& path);

/// What a reader of that layout will not find in it, or not take: a line each.
std::vector<std::string> lost_in_corect_pickle(const Corpus& corpus);

/// `write_corect_pickle` where the name ends in .pkl, otherwise `write_open`.
void convert(const Corpus& corpus, const std::filesystem::path& out);

}  // namespace merc
