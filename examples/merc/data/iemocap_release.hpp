#pragma once

#include "data/corpus.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace merc {

/// One turn of the raw corpus, as its label and transcript files have it.
struct RawTurn {
  std::string id;       ///< "Ses01F_impro01_F000"
  std::string speaker;  ///< "F" or "M": the last group of the id
  double start = 0;     ///< seconds
  double end = 0;
  std::string label;            ///< "ang", "xxx", ...: the evaluators' majority, xxx where there is none
  std::string hap_relabel;      ///< `label`, but "hap" for those xxx turns that the community's pickles seem to count as happy
  std::array<double, 3> vad{};  ///< valence, activation, dominance, 1 to 5
  std::string text;             ///< UTF-8; empty where the transcript lacks the turn
};

/// The turns of one dialog in the order of their start.
struct RawDialog {
  std::string id;
  int session = 0;
  std::vector<RawTurn> turns;
};

/// Reads `Session{1..5}/dialog/{EmoEvaluation,transcriptions}` of an IEMOCAP_full_release tree, sessions and dialogs in order of name.
///
/// Hidden files and the folders of single evaluators are passed over. Throws DataError for a tree without label files or a broken line.
///
/// `hap_relabel` (reverse-engineered by others, unconfirmed): of an xxx turn, take all categories of the first three evaluators and the
/// first of the fourth; if Happiness alone is the most frequent, the turn is happy. The released corpus has 7,380 turns of the six
/// classes, the pickles in circulation 7,433, all of the surplus happy.
std::vector<RawDialog> read_iemocap_release(const std::filesystem::path& folder);

}  // namespace merc
