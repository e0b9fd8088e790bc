#pragma once

#include "data/corpus.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>

/// Changes to a corpus in memory. Each says what it did in `notes` and in a field of the corpus, and leaves audit and fingerprint as if the
/// corpus had been read that way.
namespace merc {

/// How IEMOCAP's six classes become happy, sad, neutral and angry.
enum class FourWay {
  Drop,   ///< excited and frustrated utterances are left out: what MERC means by 4-way
  Merge,  ///< excited is happy, frustrated utterances are left out: what speech emotion recognition means
};
inline const std::map<std::string, FourWay> four_way_names{{"drop", FourWay::Drop}, {"merge", FourWay::Merge}};

/// Throws DataError unless the classes are IEMOCAP's six. An utterance without a label stays; a dialog without an utterance does not.
void make_four_way(Corpus& corpus, FourWay how);

/// Splits by session: `number` is test, every tenth of the other dialogs, in the order of their ids, dev, the rest train. Fewer than ten
/// others leave no dev split. Throws DataError unless every id says its session, and where the session has no dialog.
void hold_out_session(Corpus& corpus, int number);

/// The sessions of a corpus, ascending. Throws DataError unless every id says its session.
std::set<int> sessions(const Corpus& corpus);

/// What is to be changed in a corpus before it is used.
struct Arrangement {
  std::string four_way;  ///< "drop", "merge"; empty: the classes stay
  int test_session = 0;  ///< 0: the splits stay
};

/// Throws as the changes do.
void arrange(Corpus& corpus, const Arrangement& arrangement);

/// Those of the changes that this corpus can undergo: four classes are made of IEMOCAP's six alone, and a session is held out where every id
/// says its own and the session is there.
Arrangement applicable(const Arrangement& arrangement, const Corpus& corpus);

/// `read`, `arrange` and `hold_out_dev`.
Corpus load_arranged(const std::filesystem::path& path, const Arrangement& arrangement);

}  // namespace merc
