#pragma once

#include "trainer.hpp"

#include <string>
#include <vector>

namespace merc {

/// Whether a network can be run on a split: every modality there, in one width, a row an utterance, no empty dialog, none longer than
/// the table of positions, labels in range. Throws DataError that names the dialog and the remedy.
void check_fit(const Corpus& corpus, const std::string& split, const std::vector<std::string>& modalities);

/// Whether the weights that expect these widths and classes fit a corpus; encoders alone, of no classes, fit any number.
void check_fit(const Corpus& corpus, const std::map<std::string, int64_t>& widths, int64_t classes);

/// Has any utterance a label?
bool is_labelled(const Split& split);

/// Throws DataError where none has: "PATH: no utterance of SPLIT has a label" and what for.
void check_labelled(const Corpus& corpus, const std::string& split, const std::string& purpose);

/// Whether the corpora of a run can be trained on as `config` asks: those above for every split that it uses, something to train on, to
/// pre-train on and to select an epoch on.
void check_fit(const Corpus& data, const std::optional<std::reference_wrapper<const Corpus>>& pretrain, const Config& config);

/// The splits of the pre-training corpus that stage 1 sees.
std::vector<std::string> pretraining_splits(const Config& config);

/// The names of the speakers of some dialogs, sorted, each once; an empty name is nobody's. Throws DataError where there are none.
std::vector<std::string> speakers_of(const std::vector<const Dialog*>& dialogs, const std::string& path);

/// The dialogs of some splits, in order; a split that is not there adds none.
std::vector<const Dialog*> dialogs_of(const Corpus& corpus, const std::vector<std::string>& splits);

}  // namespace merc
