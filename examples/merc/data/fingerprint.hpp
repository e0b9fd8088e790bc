#pragma once

#include "data/corpus.hpp"

#include <string>

namespace merc {

/// 16 hex digits that change with any id, label, speaker, sentence, feature value or order of dialogs, and with nothing else:
/// not with the path, the format or which dialogs are dev.
std::string fingerprint(const Corpus& corpus);

}  // namespace merc
