#pragma once

#include "data/corpus.hpp"

#include <map>
#include <string>

/// Changes to a corpus in memory, for `convert`. Each says what it did in `notes`, and leaves audit and fingerprint as if the corpus had
/// been read that way.
namespace merc {

/// How IEMOCAP's six classes become happy, sad, neutral and angry.
enum class FourWay {
  Drop,   ///< excited and frustrated utterances are left out: what MERC means by 4-way
  Merge,  ///< excited is happy, frustrated utterances are left out: what speech emotion recognition means
};
inline const std::map<std::string, FourWay> four_way_names{{"drop", FourWay::Drop}, {"merge", FourWay::Merge}};

/// Throws DataError unless the classes are IEMOCAP's six. An utterance without a label stays; a dialog without an utterance does not.
void make_four_way(Corpus& corpus, FourWay how);

/// Splits by session: `number` (1 to 5) is test, every tenth of the other dialogs, in the order of their ids, dev, the rest train.
/// Throws DataError unless every id says its session, and where the session has no dialog.
void hold_out_session(Corpus& corpus, int number);

}  // namespace merc
