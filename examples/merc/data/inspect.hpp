#pragma once

#include "data/corpus.hpp"

#include <nlohmann/json_fwd.hpp>

#include <ostream>
#include <string>

namespace merc {

/// What programs want to know of a corpus, from `read`:
///
///   {"format", "description", "classes", "label_names", "modalities": {"text": {"dim", "dtype"}},
///    "splits": {"train": {"ids": [...], "dialogs", "utterances", "labels": {"0": n},
///                         "features": {"text": {"first", "last", "sum", "sum_of_squares"}},
///                         "sessions": {"1": {"dialogs", "utterances", "labels"}, ...}}, ...},      (sessions: where ids are IEMOCAP's)
///    "notes": [...], "warnings": [...], "fingerprint"}
///
/// Labels that do not occur are left out; figures are those of the values in the source's own type, summed in float64.
nlohmann::ordered_json inspect_json(const Corpus& corpus);

/// The same for people: what the file is and who writes such files, its modalities, a table of splits and classes, sessions, and what to
/// mind.
void inspect_table(const Corpus& corpus, std::ostream& out);

/// One line on a format: who writes it and which published results used it.
std::string describe_format(const std::string& format);

}  // namespace merc
